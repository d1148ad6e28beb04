import type { ClaudeProcess } from './claude-process.ts'
import type { SpawnSpec } from './isolation-options.ts'

/** A process that waits for its first words. */
interface Spare {
  readonly key: string
  readonly process: ClaudeProcess
  readonly since: number
}

/**
 * Claude Codes that were started ahead. What a request brings, its system prompt and tools, is said to a process only
 * when it is taken: a spare fits all requests whose command line and environment are the same.
 */
export class Spares {
  readonly #start: (spec: SpawnSpec) => ClaudeProcess
  #waiting: Spare[] = []

  constructor(start: (spec: SpawnSpec) => ClaudeProcess) {
    this.#start = start
  }

  get count(): number {
    return this.#waiting.length
  }

  /** One that fits, where there is one. */
  take(spec: SpawnSpec): ClaudeProcess | undefined {
    const key = JSON.stringify(spec)
    for (const spare of this.#waiting.filter((each) => each.key === key)) {
      this.#waiting = this.#waiting.filter((each) => each !== spare)
      if (spare.process.alive) return spare.process
    }
    return undefined
  }

  /** Has `most` wait from now on: the oldest go, new ones of this kind come. */
  keep(spec: SpawnSpec, most: number): void {
    const key = JSON.stringify(spec)
    const fitting = this.#waiting.filter((each) => each.key === key && each.process.alive)
    const other = this.#waiting.filter((each) => !fitting.includes(each))
    const more = Math.max(0, most - fitting.length)
    this.#waiting = [...other, ...fitting]
    try {
      for (let at = 0; at < more; at += 1) {
        this.#waiting.push({ key, process: this.#start(spec), since: Date.now() })
      }
    } catch {
      // A spare is a favour: whoever needs a process is told why there is none.
    }
    this.limit(most)
  }

  /** Lets the oldest go where there are more than so many. */
  limit(most: number): void {
    const leaving = this.#waiting.splice(0, Math.max(0, this.#waiting.length - most))
    for (const { process } of leaving) process.kill()
  }

  /** Ends those that nobody has wanted for so long, and forgets those that are gone. */
  expire(ms: number): void {
    const now = Date.now()
    const stays = ({ process, since }: Spare) => process.alive && now - since <= ms
    for (const spare of this.#waiting) if (!stays(spare)) spare.process.kill()
    this.#waiting = this.#waiting.filter(stays)
  }
}
