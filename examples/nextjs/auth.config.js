// What Auth.js needs to know of OhMyGPT. AUTH_SECRET comes from the environment by itself.
export default {
  providers: [
    {
      id: "ohmygpt",
      name: "OhMyGPT",
      type: "oidc", // discovery, nonce, and the id_token's signature are Auth.js's business
      issuer: process.env.OIDC_ISSUER,
      clientId: process.env.OIDC_CLIENT_ID,
      clientSecret: process.env.OIDC_CLIENT_SECRET,
      checks: ["pkce", "state", "nonce"],
      authorization: { params: { scope: "openid profile email" } },
      idToken: false, // name and e-mail are told at the userinfo endpoint, and not in the id_token
      profile: (person) => ({ id: person.sub, name: person.name, email: person.email }),
    },
  ],
  callbacks: {
    jwt({ token, profile, account }) {
      // Know people by `sub`: it is theirs for ever. The access token stays in the encrypted cookie.
      return account ? { ...token, sub: profile.sub, accessToken: account.access_token } : token;
    },
    session({ session, token }) {
      return { ...session, user: { ...session.user, id: token.sub } };
    },
  },
};
