import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** Builds the server, with the page that is in its tree. */
export class ServerBinary {
  readonly #folder = mkdtempSync(join(tmpdir(), "ovation-e2e-"));
  readonly path = join(this.#folder, "server");

  constructor() {
    execFileSync("go", ["build", "-o", this.path, "./server"], { cwd: repository, stdio: "inherit" });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A server of one's own on free ports; it can be stopped and started again at the same address. */
export class Server {
  #process: ChildProcess | undefined;

  private constructor(
    private readonly binary: string,
    private readonly env: Record<string, string>,
    private readonly ports: [number, number],
  ) {}

  static async start(binary: ServerBinary, env: Record<string, string> = {}): Promise<Server> {
    const server = new Server(binary.path, env, [await freePort(), await freePort()]);
    await server.start();
    return server;
  }

  get url(): string {
    return `http://localhost:${this.ports[0]}`;
  }

  async start(): Promise<void> {
    const [listen, internal] = this.ports;
    const args = ["--listen", `localhost:${listen}`, "--internal-listen", `localhost:${internal}`];
    const child = spawn(this.binary, args, {
      env: { ...process.env, OVATION_LOG_LEVEL: "warn", ...this.env },
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#process = child;
    for (let tries = 0; tries < 100; tries++) {
      if (child.exitCode !== null) throw new Error(`the server exited with ${child.exitCode}`);
      if (await answers(`${this.url}/healthz`)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the server does not answer");
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "localhost", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
