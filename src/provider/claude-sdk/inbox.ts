/** Messages for a reader that waits for them: a queue that a process reads its input from. */
export class Inbox<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = []
  #wake: (() => void) | undefined
  #closed = false

  push(item: Item): void {
    this.#items.push(item)
    this.#wake?.()
  }

  /** Ends the queue once it is read. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    return { next: () => this.#next() }
  }

  async #next(): Promise<IteratorResult<Item>> {
    while (this.#items.length === 0) {
      if (this.#closed) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const value = this.#items.shift()
    return value === undefined ? { done: true, value } : { done: false, value }
  }
}
