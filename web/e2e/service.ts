import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

const PORT = process.env.WEB_E2E_PORT ?? "8890";

declare module "vitest" {
  export interface ProvidedContext {
    base: string;
  }
}

/** A service of its own with the sample city, in a folder that is thrown away; WEB_E2E_BASE names a running one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const running = process.env.WEB_E2E_BASE;
  if (running) {
    project.provide("base", running);
    return;
  }
  const root = new URL("../..", import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), "web-e2e-"));
  const service: ChildProcess = spawn(join(root, ".venv/bin/python"), ["-m", "local", "run"], {
    cwd: root,
    env: { ...process.env, PORT, DATA_DIR: folder, SAMPLE: "1" },
    stdio: "ignore",
  });
  const base = `http://127.0.0.1:${PORT}`;
  const ended = new Promise<void>((resolve) => service.once("exit", () => resolve()));
  for (let second = 0; ; second++) {
    try {
      if ((await fetch(`${base}/v1/health`)).ok) break;
    } catch {
      // Not yet.
    }
    if (second > 240 || service.exitCode !== null) throw new Error("the service did not start");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  project.provide("base", base);
  return async () => {
    service.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}
