// Stream an answer at the user's expense, by OpenAI's package.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.OIDC_ISSUER}/v1`, apiKey: process.env.ACCESS_TOKEN });
const input = process.argv.slice(2).join(" ") || "Say hello";
const abort = new AbortController();
process.once("SIGINT", () => abort.abort()); // the model stops, and so do the costs
try {
  const stream = await client.responses.create(
    { model: "gpt-4o-mini", input, stream: true },
    { signal: abort.signal },
  );
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") process.stdout.write(event.delta);
  }
  console.log();
} catch (problem) {
  if (!(problem instanceof OpenAI.APIError)) throw problem;
  console.error(`${problem.message} (request ${problem.requestID})`); // the message begins with the status
  process.exitCode = 1;
}
