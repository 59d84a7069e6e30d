// Stream an answer at the user's expense, by the AI SDK of Vercel; MODEL may name one of either vendor.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, RetryError, streamText } from "ai";

const hub = { baseURL: `${process.env.OIDC_ISSUER}/v1`, apiKey: process.env.ACCESS_TOKEN };
const name = process.env.MODEL ?? "gpt-4o-mini";
const model = name.startsWith("claude") ? createAnthropic(hub)(name) : createOpenAI(hub)(name);
const abort = new AbortController();
process.once("SIGINT", () => abort.abort()); // the model stops, and so do the costs

const answer = streamText({
  model,
  prompt: process.argv.slice(2).join(" ") || "Say hello",
  abortSignal: abort.signal,
  onError({ error }) { // textStream itself ends without a word
    const problem = RetryError.isInstance(error) ? error.lastError : error;
    const status = APICallError.isInstance(problem) ? `${problem.statusCode}: ` : "";
    console.error(status + problem.message);
    process.exitCode = 1;
  },
});
for await (const text of answer.textStream) process.stdout.write(text);
console.log();
