// nginx as a bare proxy: what a program that does nothing but pass bytes costs on this machine, as a unit to compare with.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort, type Started, startProcess } from "./child-process.js";

export type RunningNginx = { readonly url: string; readonly process: Started };

const programs = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"];
const startTimeoutMs = 5000;

/** Such as `1.22.1`; null when nginx is not installed. */
export function readNginxVersion(): string | null {
  const program = programs.find((path) => existsSync(path));
  if (program === undefined) return null;
  const { stderr } = spawnSync(program, ["-v"], { encoding: "utf8" });
  return /nginx\/(\S+)/.exec(stderr)?.[1] ?? "unknown";
}

/** One worker, connections to the upstream kept open, nothing buffered, nothing logged. */
export function makeNginxConf(folder: string, port: number, upstream: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.join("\n")}
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  upstream mock {
    server ${upstream};
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      client_max_body_size 0;
    }
  }
}
`;
}

/** Null when nginx is not installed. */
export async function startNginx(home: string, upstreamUrl: string): Promise<RunningNginx | null> {
  const program = programs.find((path) => existsSync(path));
  if (program === undefined) return null;
  const folder = join(home, "nginx");
  // nginx started by root gives its worker to another user, who must reach the temporary folders.
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const port = await findFreePort();
  const conf = join(folder, "nginx.conf");
  writeFileSync(conf, makeNginxConf(folder, port, new URL(upstreamUrl).host));
  const args = ["-c", conf, "-p", folder, "-e", join(folder, "error.log")];
  const started = startProcess("nginx", program, args, { PATH: "/usr/bin:/bin" });
  const url = `http://127.0.0.1:${port}`;
  try {
    await started.waitForUrl(`${url}/v1/models`, startTimeoutMs);
  } catch (error) {
    await started.stop();
    throw error;
  }
  return { url, process: started };
}
