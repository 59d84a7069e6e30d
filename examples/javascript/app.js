const ISSUER = "https://connect.example.com";
const who = document.querySelector("#who");

// The button has checked state, issuer, signature and nonce. Keep the tokens in a variable, never in localStorage.
document.addEventListener("ohmygpt-connect", async (event) => {
  const { claims, tokens } = event.detail;
  const answer = await fetch(`${ISSUER}/oauth/userinfo`, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  const person = await answer.json();
  who.textContent = `Hello ${person.name}`; // textContent: a name is not HTML
  who.dataset.sub = claims.sub; // know people by it: it is theirs for ever
});

document.addEventListener("ohmygpt-connect-error", (event) => {
  who.textContent = event.detail.code === "access_denied" ? "Maybe later, then." : `Not signed in: ${event.detail.message}`;
});
