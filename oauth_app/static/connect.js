/*
 * OhMyGPT Connect: the sign-in button, and OpenID Connect for pages without a server.
 *
 *   <script src="https://…/static/connect.js"></script>
 *   <ohmygpt-connect client-id="…" redirect-uri="https://…"></ohmygpt-connect>
 *
 * One file without dependencies, for classic and module scripts. It hands the tokens to the page and keeps none.
 * Every attribute, event and function is described in docs/sign-in-button.md.
 */
(() => {
  "use strict";
  if (customElements.get("ohmygpt-connect")) return; // loaded twice: the first stays

  // A module has no currentScript; then the element that loaded this file is looked for by its address.
  const script = document.currentScript ?? document.querySelector('script[src*="/static/connect.js"]');
  const HOME = script ? new URL(script.src).origin : location.origin;
  const KEPT = "ohmygpt-connect:";
  const POPUP = "popup.";
  const CLOCK_SKEW_S = 60;
  const OF_AN_ANSWER = ["code", "state", "iss", "session_state", "error", "error_description", "error_uri"];

  /** What went wrong: `code` is for programs (RFC 6749's, or one of ours), `message` for developers. */
  class ConnectError extends Error {
    constructor(code, message = code) {
      super(message);
      this.name = "ConnectError";
      this.code = code;
    }
  }

  // ---- small things

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const fromBase64url = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
  const jsonOf = (part) => JSON.parse(new TextDecoder().decode(fromBase64url(part)));

  async function fetchJson(url, options = {}) {
    let answer, body;
    try {
      // No cookies: the hub opens these endpoints to every origin because it never looks at one.
      answer = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", ...options });
      body = await answer.json();
    } catch (problem) {
      throw new ConnectError("network_error", `${url}: ${problem.message}`);
    }
    if (answer.ok) return body;
    throw new ConnectError(body.error ?? "server_error", body.error_description ?? `HTTP ${answer.status}`);
  }

  const discovered = new Map();
  async function discover(issuer) {
    if (!discovered.has(issuer)) {
      const metadata = await fetchJson(`${issuer}/.well-known/openid-configuration`);
      // OpenID Connect Discovery 4.3: a document that speaks for another issuer is an attack.
      if (metadata.issuer !== issuer) throw new ConnectError("invalid_issuer", `${metadata.issuer} at ${issuer}`);
      discovered.set(issuer, metadata);
    }
    return discovered.get(issuer);
  }

  // ---- one sign-in attempt

  // Each attempt has a record of its own, named by its state, in the storage of its own tab: ten tabs do not meet.
  const keepAttempt = (attempt) => sessionStorage.setItem(KEPT + attempt.state, JSON.stringify(attempt));

  /** Return the attempt that an answer belongs to; an answer is taken once. */
  function takeAttempt(state) {
    const kept = sessionStorage.getItem(KEPT + state);
    if (!kept) throw new ConnectError("invalid_state", "this answer belongs to no sign-in that was begun in this tab");
    sessionStorage.removeItem(KEPT + state);
    return JSON.parse(kept);
  }

  function makeAttempt(options) {
    const redirectUri = new URL(options.redirectUri ?? location.pathname, location.href).href;
    const popup = options.mode === "popup";
    if (!options.clientId) throw new ConnectError("invalid_request", "client-id is missing");
    if (!globalThis.crypto?.subtle) throw new ConnectError("insecure_page", "signing in needs https");
    if (popup && new URL(redirectUri).origin !== location.origin)
      throw new ConnectError("invalid_request", "a popup needs a redirect-uri on the page's own origin");
    return {
      state: (popup ? POPUP : "") + random(),
      nonce: random(),
      verifier: random(),
      issuer: (options.issuer ?? HOME).replace(/\/$/, ""),
      clientId: options.clientId,
      redirectUri,
    };
  }

  async function authorizationUrl(attempt, options) {
    const url = new URL((await discover(attempt.issuer)).authorization_endpoint);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(attempt.verifier));
    const wanted = {
      response_type: "code",
      client_id: attempt.clientId,
      redirect_uri: attempt.redirectUri,
      scope: options.scope || "openid profile email",
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: base64url(digest),
      code_challenge_method: "S256",
      prompt: options.prompt,
      login_hint: options.loginHint,
      ui_locales: options.uiLocales,
    };
    for (const [name, value] of Object.entries(wanted)) if (value) url.searchParams.set(name, value);
    return url.href;
  }

  /** Start a sign-in. With a popup it resolves to {claims, tokens}; otherwise the page is left and nothing follows. */
  async function signIn(options) {
    const attempt = makeAttempt(options);
    keepAttempt(attempt);
    // Before anything is awaited, since browsers let a click open a window only at once.
    const popup = options.mode === "popup" ? window.open("", attempt.state, "popup,width=480,height=720") : null;
    if (options.mode === "popup" && !popup) {
      takeAttempt(attempt.state);
      return signIn({ ...options, mode: "redirect" }); // blocked: the page itself goes and comes back
    }
    try {
      const url = await authorizationUrl(attempt, options);
      if (!popup) {
        location.assign(url);
        return new Promise(() => {});
      }
      popup.location.replace(url);
      return await complete(await answerOf(popup, attempt));
    } catch (problem) {
      sessionStorage.removeItem(KEPT + attempt.state);
      popup?.close();
      throw problem;
    }
  }

  /** Wait for the page at the redirect URI to hand its answer over, or for the person to close the window. */
  function answerOf(popup, attempt) {
    return new Promise((resolve, reject) => {
      let closedFor = 0;
      const stop = () => (removeEventListener("message", hear), clearInterval(timer));
      const hear = (event) => {
        const ours = event.origin === location.origin && event.source === popup && event.data?.ohmygptConnect;
        const answer = ours && new URLSearchParams(event.data.ohmygptConnect);
        if (!answer || answer.get("state") !== attempt.state) return;
        stop();
        resolve(answer);
      };
      const timer = setInterval(() => {
        closedFor = popup.closed ? closedFor + 1 : 0;
        if (closedFor < 3) return; // the window says its last word and closes: let the word arrive first
        stop();
        reject(new ConnectError("popup_closed", "the window was closed before the sign-in was complete"));
      }, 200);
      addEventListener("message", hear);
    });
  }

  const isAnswer = (query) => query.has("state") && (query.has("code") || query.has("error"));

  /** Take the answer out of the address bar: a code is not for the history, a bookmark, or a referrer. */
  function takeAnswer() {
    const url = new URL(location.href);
    const answer = new URLSearchParams(url.search);
    if (!isAnswer(answer)) return null;
    for (const name of OF_AN_ANSWER) url.searchParams.delete(name);
    history.replaceState(history.state, "", url.href);
    return answer;
  }

  /** Complete the sign-in whose answer stands in the page's address: {claims, tokens}, or null if none does. */
  async function finish() {
    const answer = takeAnswer();
    return answer && complete(answer);
  }

  async function complete(answer) {
    const attempt = takeAttempt(answer.get("state"));
    // RFC 9207: an answer from another provider, brought here to be mixed up with ours.
    const [issuer, error] = [answer.get("iss"), answer.get("error")];
    if (issuer !== attempt.issuer) throw new ConnectError("invalid_issuer", `answered by ${issuer}`);
    if (error) throw new ConnectError(error, answer.get("error_description") ?? undefined);
    const metadata = await discover(attempt.issuer);
    const tokens = await fetchJson(metadata.token_endpoint, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code: answer.get("code"),
        redirect_uri: attempt.redirectUri,
        client_id: attempt.clientId,
        code_verifier: attempt.verifier,
      }),
    });
    return { claims: await verify(tokens.id_token, attempt, metadata.jwks_uri), tokens };
  }

  // ---- the id_token (OpenID Connect Core 3.1.3.7)

  async function verify(idToken, attempt, jwksUri) {
    const demand = (good, otherwise) => {
      if (!good) throw new ConnectError("invalid_id_token", otherwise);
    };
    const [head, body, seal] = String(idToken).split(".");
    const { alg, kid } = jsonOf(head);
    demand(alg === "ES256", `algorithm ${alg}`); // our choice, never the token's
    const key = await findKey(jwksUri, kid);
    demand(key, "nobody has published its key");
    const signed = new TextEncoder().encode(`${head}.${body}`);
    const ecdsa = { name: "ECDSA", hash: "SHA-256" };
    demand(await crypto.subtle.verify(ecdsa, key, fromBase64url(seal), signed), "its signature is wrong");
    const claims = jsonOf(body);
    demand(claims.iss === attempt.issuer, `issued by ${claims.iss}`);
    demand([claims.aud].flat().join() === attempt.clientId, `meant for ${claims.aud}`);
    demand(claims.exp > Date.now() / 1000 - CLOCK_SKEW_S, "it has expired");
    demand(claims.nonce === attempt.nonce, "it answers another request");
    return claims;
  }

  async function findKey(jwksUri, kid) {
    const p256 = { name: "ECDSA", namedCurve: "P-256" };
    for (const cache of ["default", "reload"]) { // a key made a moment ago is not in a copy yet
      const { keys } = await fetchJson(jwksUri, { cache });
      const jwk = keys.find((one) => one.kid === kid && one.kty === "EC" && one.crv === "P-256");
      if (jwk) return crypto.subtle.importKey("jwk", { ...jwk, alg: "ES256" }, p256, false, ["verify"]);
    }
    return null;
  }

  // ---- the button

  const WORDS = {
    en: { "sign-in": "Sign in with OhMyGPT", continue: "Continue with OhMyGPT", connect: "Connect OhMyGPT" },
    zh: { "sign-in": "使用 OhMyGPT 登录", continue: "使用 OhMyGPT 继续", connect: "连接 OhMyGPT" },
  };
  const DARK = "--back: #1b1e2b; --over: #2b3042; --text: #fff; --edge: #8b90a3;";
  // A stylesheet made by script, unlike a style element or attribute, is allowed by every content policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: inline-block; --back: #fff; --over: #eef0f6; --text: #1f2430; --edge: #757a8a; }
    :host([hidden]) { display: none; }
    :host([theme="dark"]) { ${DARK} }
    @media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
    button {
      display: inline-flex; align-items: center; justify-content: center; gap: .625em; box-sizing: border-box;
      width: 100%; min-height: 40px; margin: 0; padding: .25em 1em; border: 1px solid var(--edge); border-radius: 8px;
      background: var(--back); color: var(--text); cursor: pointer; text-align: start;
      font: 600 15px/1.3 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Noto Sans CJK SC", sans-serif;
    }
    :host([size="small"]) button { min-height: 32px; font-size: 13px; border-radius: 6px; }
    :host([size="large"]) button { min-height: 48px; font-size: 17px; border-radius: 10px; }
    button:hover { background: var(--over); }
    button[aria-busy="true"] { cursor: progress; opacity: .75; }
    /* Two colours, so that one of them stands out from whatever the page is painted in. */
    button:focus-visible { outline: 2px solid #fff; outline-offset: 1px; box-shadow: 0 0 0 5px #4338ca; }
    svg { width: 1.4em; height: 1.4em; flex: none; }
    @media (forced-colors: active) { button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; } }
    @media (prefers-reduced-motion: no-preference) { button { transition: background-color .15s; } }
  `);

  function drawLogo() {
    const shape = (name, attributes, ...children) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...children);
      return node;
    };
    const line = { fill: "none", stroke: "#fff", "stroke-width": "2.6", "stroke-linecap": "round" };
    return shape("svg", { viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
      shape("rect", { width: "32", height: "32", rx: "8", fill: "#4f46e5" }),
      shape("circle", { cx: "11", cy: "16", r: "4.5", ...line }),
      shape("circle", { cx: "21", cy: "16", r: "4.5", ...line }),
      shape("path", { d: "M13.5 16h5", ...line }));
  }

  class ConnectButton extends HTMLElement {
    static observedAttributes = ["lang", "label"];
    #button = document.createElement("button");
    #label = document.createElement("span");

    constructor() {
      super();
      this.#button.type = "button";
      this.#button.append(drawLogo(), this.#label);
      this.#button.addEventListener("click", () => this.#press());
      const root = this.attachShadow({ mode: "open", delegatesFocus: true });
      root.adoptedStyleSheets = [sheet];
      root.append(this.#button);
      // The browser's back button brings the page back as it was left: busy.
      addEventListener("pageshow", () => this.#setBusy(false));
    }

    connectedCallback() {
      this.attributeChangedCallback();
      // Not before the page's own scripts have run, so that they can listen.
      const loaded = document.readyState === "complete" ? Promise.resolve() : new Promise((resolve) => {
        for (const event of ["DOMContentLoaded", "load"]) addEventListener(event, resolve, { once: true });
      });
      loaded.then(() => this.#finish());
    }

    attributeChangedCallback() {
      const language = this.#language();
      const words = WORDS[language];
      this.#label.textContent = words[this.getAttribute("label")] ?? words["sign-in"];
      this.#button.lang = language === "zh" ? "zh-CN" : "en";
    }

    #language() {
      const chosen = this.getAttribute("lang");
      const around = this.parentElement?.closest("[lang]")?.lang || navigator.language;
      return (chosen && chosen !== "auto" ? chosen : around).toLowerCase().startsWith("zh") ? "zh" : "en";
    }

    #options() {
      const read = (name) => this.getAttribute(name) ?? undefined;
      return {
        clientId: read("client-id"), issuer: read("issuer"), redirectUri: read("redirect-uri"), scope: read("scope"),
        mode: read("mode"), prompt: read("prompt"), loginHint: read("login-hint"),
        uiLocales: this.#button.lang,
      };
    }

    /** Busy, but still a button that holds the focus: `disabled` would throw a keyboard user out of the page. */
    #setBusy(busy) {
      this.#button.setAttribute("aria-busy", String(busy));
      this.#button.setAttribute("aria-disabled", String(busy));
    }

    #press() {
      if (this.#button.getAttribute("aria-busy") === "true") return;
      const login = this.getAttribute("login-url");
      if (login === null) return this.#report(() => signIn(this.#options()));
      const url = new URL(login, document.baseURI);
      if (/^https?:$/.test(url.protocol)) location.assign(url); // and never javascript:
    }

    /** Is this page the redirect URI, with an answer? Other answers may be for other providers' scripts. */
    #finish() {
      const expected = new URL(this.getAttribute("redirect-uri") ?? location.pathname, location.href);
      const here = expected.origin === location.origin && expected.pathname === location.pathname;
      const waiting = here && !this.hasAttribute("login-url") && isAnswer(new URLSearchParams(location.search));
      if (waiting && this.isConnected) this.#report(finish);
    }

    async #report(story) {
      const tell = (name, detail) =>
        this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
      this.#setBusy(true);
      try {
        const result = await story();
        if (result) tell("ohmygpt-connect", result);
      } catch (problem) {
        tell("ohmygpt-connect-error", { code: problem.code ?? "failed", message: problem.message, error: problem });
      } finally {
        this.#setBusy(false);
      }
    }
  }

  // ---- the popup

  // Inside the popup, back at the redirect URI: hand the answer over and go. Only a page of this very origin can
  // hear it; should the opener be gone, the popup has its own copy of the attempt and signs in by itself.
  if (window.opener && new URLSearchParams(location.search).get("state")?.startsWith(POPUP)) {
    window.opener.postMessage({ ohmygptConnect: String(takeAnswer()) }, location.origin);
    window.close();
  }

  globalThis.OhMyGPTConnect = Object.freeze({ signIn, finish, ConnectError });
  customElements.define("ohmygpt-connect", ConnectButton);
})();
