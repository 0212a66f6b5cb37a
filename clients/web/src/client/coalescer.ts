/**
 * Runs one task at a time. However often it is asked for while it runs, it runs
 * once more afterwards: enough for a task that fetches "everything new".
 */
export class Coalescer {
  #running = false;
  #again = false;

  /** The task must not reject: what to do about failures is its own business. */
  constructor(private readonly task: () => Promise<void>) {}

  /** Asks for a run that begins after this call. */
  request(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    do {
      this.#again = false;
      await this.task();
    } while (this.#again);
    this.#running = false;
  }
}
