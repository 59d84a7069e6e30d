// Signs in with openid-client, the strictest library there is, and prints what it got.
//
// Speaks JSON, a line each: the task comes first; {"visit": url} asks for somebody at a browser to go there, and is
// answered by {"url": …} or {"form": {…}}; {"result": …} or {"error": …} is the end.
import * as oidc from "openid-client";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (message) => console.log(JSON.stringify(message));

async function discover(task) {
  const metadata = { id_token_signed_response_alg: task.alg ?? "ES256", ...(task.metadata ?? {}) };
  const options = { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] };
  return oidc.discovery(new URL(task.issuer), task.client_id, metadata, await proofOf(task), options);
}

async function proofOf({ method, client_secret, private_jwk }) {
  if (method === "none") return oidc.None();
  if (method === "client_secret_basic") return oidc.ClientSecretBasic(client_secret);
  if (method === "client_secret_post") return oidc.ClientSecretPost(client_secret);
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", private_jwk, algorithm, false, ["sign"]);
  return oidc.PrivateKeyJwt({ key, kid: private_jwk.kid });
}

async function visit(url, redirectUri) {
  say({ visit: url.href });
  const answer = await hear();
  if (answer.url) return new URL(answer.url);
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return new Request(redirectUri, { method: "POST", headers, body: new URLSearchParams(answer.form) });
}

async function signIn(config, task, options) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
  const parameters = {
    redirect_uri: task.redirect_uri,
    scope: task.scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    max_age: "3600",
    ...(task.parameters ?? {}),
  };
  const build = task.par ? oidc.buildAuthorizationUrlWithPAR : oidc.buildAuthorizationUrl;
  const callback = await visit(await build(config, parameters, options), task.redirect_uri);
  const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, maxAge: 3600, idTokenExpected: true };
  return oidc.authorizationCodeGrant(config, callback, checks, undefined, options);
}

async function useTokens(config, tokens, options) {
  const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options);
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
  return { claims: tokens.claims(), token_type: tokens.token_type, person, next };
}

const tasks = {
  async login(config, task) {
    const handle = task.dpop && oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
    const options = handle ? { DPoP: handle } : undefined;
    const tokens = await signIn(config, task, options);
    const { next, ...result } = await useTokens(config, tokens, options);
    if (task.method !== "none") result.before = await oidc.tokenIntrospection(config, next.access_token);
    await oidc.tokenRevocation(config, next.refresh_token);
    if (task.method !== "none") result.after = await oidc.tokenIntrospection(config, next.access_token);
    const returnTo = { post_logout_redirect_uri: task.redirect_uri, id_token_hint: tokens.id_token };
    result.end_session_url = oidc.buildEndSessionUrl(config, returnTo).href;
    return { ...result, rotated: next.refresh_token !== tokens.refresh_token };
  },

  async device(config, task) {
    const waiting = await oidc.initiateDeviceAuthorization(config, { scope: task.scope });
    say({ visit: waiting.verification_uri_complete });
    await hear();
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, waiting, undefined, {
      signal: AbortSignal.timeout(30_000),
    });
    const { next: _, ...result } = await useTokens(config, tokens);
    return { ...result, user_code: waiting.user_code };
  },

  async machine(config, task) {
    const tokens = await oidc.clientCredentialsGrant(config, { scope: task.scope });
    const { active, client_id } = await oidc.tokenIntrospection(config, tokens.access_token);
    return { active, client_id, scope: tokens.scope, has_refresh_token: "refresh_token" in tokens };
  },
};

const task = await hear();
try {
  say({ result: await tasks[task.name](await discover(task), task) });
} catch (error) {
  say({ error: `${error.stack} ${JSON.stringify(error.cause ?? error)}` });
}
process.exit(0);
