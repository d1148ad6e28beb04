/** What the demo upstream is given of the world; seconds since the epoch, milliseconds to sleep. */
export interface DemoWorld {
  id(): string
  now(): number
  /** Resolves after `ms`; rejects or resolves at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}
