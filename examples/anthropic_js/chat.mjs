// Stream an answer at the user's expense, by Anthropic's package.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.OIDC_ISSUER, authToken: process.env.ACCESS_TOKEN, apiKey: null });
const content = process.argv.slice(2).join(" ") || "Say hello";
const abort = new AbortController();
process.once("SIGINT", () => abort.abort()); // the model stops, and so do the costs
try {
  const stream = client.messages.stream(
    { model: "claude-sonnet-4-6", max_tokens: 1000, messages: [{ role: "user", content }] },
    { signal: abort.signal },
  );
  stream.on("text", (text) => process.stdout.write(text));
  await stream.finalMessage();
  console.log();
} catch (problem) {
  if (!(problem instanceof Anthropic.APIError)) throw problem;
  console.error(`${problem.message} (request ${problem.requestID})`); // the message begins with the status
  process.exitCode = 1;
}
