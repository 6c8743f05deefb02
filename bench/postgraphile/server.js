// Two processes on one port, as for two cores.
import cluster from "node:cluster";
import { createServer } from "node:http";

if (cluster.isPrimary) {
  for (let process = 0; process < 2; process++) cluster.fork();
  // Without it they would serve on, and be counted to the next run.
  process.on("SIGTERM", () => process.exit());
} else {
  const { postgraphile } = await import("postgraphile");
  const { grafserv } = await import("postgraphile/grafserv/node");
  const { default: preset } = await import("./graphile.config.js");
  const server = createServer();
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(Number(process.env.PORT), "127.0.0.1");
}
