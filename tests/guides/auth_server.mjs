// Does for @auth/core what Next.js does for next-auth: turns node's requests into the web's, and back.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { Auth } from "@auth/core";
import config from "./auth.config.js";

const port = Number(process.env.PORT);
const options = { ...config, basePath: "/api/auth", secret: process.env.AUTH_SECRET, trustHost: true };

createServer(async (request, response) => {
  const hasBody = request.method === "POST";
  const asked = new Request(`http://127.0.0.1:${port}${request.url}`, {
    method: request.method,
    headers: request.headers,
    ...(hasBody && { body: Readable.toWeb(request), duplex: "half" }),
  });
  const answer = await Auth(asked, options);
  for (const [name, value] of answer.headers) if (name !== "set-cookie") response.setHeader(name, value);
  response.setHeader("set-cookie", answer.headers.getSetCookie());
  response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
}).listen(port, "127.0.0.1");
