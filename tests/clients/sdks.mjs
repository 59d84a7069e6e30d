// Calls a hub by each JavaScript package, and prints as JSON what each says and which error it raises.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { APICallError, generateText, jsonSchema, stepCountIs, tool } from "ai";
import OpenAI from "openai";

const { HUB, TOKEN } = process.env;
const QUESTION = "[[tool=get_weather]] [[words=6]]";
const ask = (content) => [{ role: "user", content }];
const SCHEMA = { type: "object", properties: { city: { type: "string", enum: ["Oslo"] } }, required: ["city"] };

async function openai(apiKey) {
  const client = new OpenAI({ baseURL: `${HUB}/v1`, apiKey, maxRetries: 0 });
  const wish = { model: "gpt-4o-mini", messages: ask(QUESTION) };
  const { data, request_id } = await client.chat.completions.create(wish).withResponse();
  const reader = client.chat.completions.stream(wish);
  const tools = [{ type: "function", function: { name: "get_weather", parameters: SCHEMA } }];
  const called = await client.chat.completions.create({ ...wish, tools });
  return {
    text: data.choices[0].message.content,
    streamed: await reader.finalContent(),
    tool: JSON.parse(called.choices[0].message.tool_calls[0].function.arguments),
    requestId: request_id,
  };
}

async function anthropic(apiKey) {
  const client = new Anthropic({ baseURL: HUB, apiKey, maxRetries: 0 });
  const wish = { model: "claude-sonnet-4-6", max_tokens: 100, messages: ask(QUESTION) };
  const { data, request_id } = await client.messages.create(wish).withResponse();
  const called = await client.messages.create({ ...wish, tools: [{ name: "get_weather", input_schema: SCHEMA }] });
  return {
    text: data.content[0].text,
    streamed: await client.messages.stream(wish).finalText(),
    tool: called.content[0].input,
    requestId: request_id,
  };
}

function vercel(choose) {
  return async (apiKey) => {
    const model = choose({ baseURL: `${HUB}/v1`, apiKey });
    const heard = [];
    const execute = async (wish) => heard.push(wish) && "Rain";
    const tools = { get_weather: tool({ inputSchema: jsonSchema(SCHEMA), execute }) };
    const { text, response } = await generateText({ model, prompt: QUESTION, maxRetries: 0 });
    const { steps } = await generateText({ model, prompt: QUESTION, tools, stopWhen: stepCountIs(3), maxRetries: 0 });
    return { text, streamed: text, tool: heard[0], steps: steps.length, requestId: response.headers["x-request-id"] };
  };
}

function described(error) {
  const kinds = [OpenAI.AuthenticationError, Anthropic.AuthenticationError, APICallError];
  const kind = kinds.findIndex((candidate) => error instanceof candidate);
  return { kind, status: error.status ?? error.statusCode, message: error.message };
}

const clients = {
  openai,
  anthropic,
  "vercel openai": vercel((hub) => createOpenAI(hub)("gpt-4o-mini")),
  "vercel openai chat": vercel((hub) => createOpenAI(hub).chat("gpt-4o-mini")),
  "vercel anthropic": vercel((hub) => createAnthropic(hub)("claude-sonnet-4-6")),
};
const client = clients[process.argv[2]];
console.log(JSON.stringify({ ...(await client(TOKEN)), error: await client("omc_at_wrong").catch(described) }));
