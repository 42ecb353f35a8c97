import { expect, test } from "vitest";
import { makeNginxConf } from "../../../../bench/processes/nginx.js";

test("nginx is a bare proxy: one worker, kept connections, nothing buffered or logged", () => {
  const conf = makeNginxConf("/tmp/n", 8081, "127.0.0.1:3001");
  expect(conf).toContain("worker_processes 1;");
  expect(conf).toContain("listen 127.0.0.1:8081;");
  expect(conf).toContain("server 127.0.0.1:3001;");
  expect(conf).toMatch(/keepalive 256;/);
  expect(conf).toContain('proxy_set_header Connection "";');
  expect(conf).toContain("proxy_buffering off;");
  expect(conf).toContain("access_log off;");
  expect(conf).not.toMatch(/_temp_path \/(?!tmp\/n\/)/);
});
