/** An idle connection is not counted on for longer than servers usually keep one. */
const KEPT_MS = 5 * 60_000

/**
 * How many idle connections fetch may hold to each origin. fetch does not say whether a request went out on a
 * reused connection, and only then may a request be sent again that died before its first byte.
 */
export class PoolGuess {
  readonly #idle = new Map<string, number[]>()

  /** Takes a connection for a request; true where one may be reused. */
  take(url: string): boolean {
    const idle = this.#idle.get(originOf(url))
    const since = idle?.pop()
    return since !== undefined && performance.now() - since < KEPT_MS
  }

  /** A reply came to its end: its connection is free again. */
  free(url: string): void {
    const origin = originOf(url)
    const idle = this.#idle.get(origin)
    if (idle === undefined) this.#idle.set(origin, [performance.now()])
    else if (idle.length < 256) idle.push(performance.now())
  }
}

function originOf(url: string): string {
  const path = url.indexOf('/', 8)
  return path === -1 ? url : url.slice(0, path)
}
