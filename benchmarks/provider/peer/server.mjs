// oidc-provider as it would stand in for the hub: the same grants, lifetimes, algorithm and kinds of token.
//
// node server.mjs PORT FILE full|memory
import { generateKeyPairSync, randomBytes } from "node:crypto";
import Provider from "oidc-provider";
import { openStore } from "./store.mjs";

const [port, file, durability] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: openStore(file, durability),
  clients: [
    {
      client_id: "bench",
      client_secret: "bench-secret-bench-secret-bench-secret",
      redirect_uris: ["https://rp.example/callback"],
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
      id_token_signed_response_alg: "ES256",
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
  },
  findAccount: async (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, email: "alice@example.com", name: "alice" }),
  }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "k1" }] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true, // it would take offline_access only with prompt=consent
  ttl: { AccessToken: 3600, AuthorizationCode: 60, ClientCredentials: 3600, IdToken: 3600, RefreshToken: 7776000 },
});

// Whoever comes is alice, and agrees.
provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  const { params, prompt, grantId } = await provider.interactionDetails(context.req, context.res);
  if (prompt.name === "login") return finish(context, { login: { accountId: "alice" } });
  const grant = (grantId && (await provider.Grant.find(grantId))) ?? new provider.Grant({ accountId: "alice", clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return finish(context, { consent: { grantId: await grant.save() } });
});

const finish = (context, result) =>
  provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
