/* history.ts: statements typed before, walked with the arrow keys; the unfinished line waits at the end. */
export class History {
  #lines: string[] = [];
  #at = 0;
  #unfinished = '';

  add(line: string): void {
    if (this.#lines.at(-1) !== line) this.#lines.push(line);
    this.#at = this.#lines.length;
    this.#unfinished = '';
  }

  /** The line one earlier (-1) or later (1) than @current. */
  move(by: -1 | 1, current: string): string {
    if (this.#at === this.#lines.length) this.#unfinished = current;
    this.#at = Math.min(Math.max(this.#at + by, 0), this.#lines.length);
    return this.#lines[this.#at] ?? this.#unfinished;
  }
}
