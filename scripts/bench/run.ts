import type { Figure, Values } from './figure.ts'
import { type Line, type Rounds, summarise } from './report.ts'
import { type Running, type Subject, start } from './subjects.ts'
import type { Bench } from './traffic.ts'
import { FakeUpstream } from './upstream.ts'

const MEASUREMENT_MILLISECONDS = 45_000

/** What a run is to do. */
export interface RunOptions {
  figures: Figure[]
  subjects: Subject[]
  quick: boolean
  /** No measurement begins after this long. */
  budgetMilliseconds: number
  progress(text: string): void
}

/** What a run found. */
export interface RunResult {
  lines: Line[]
  /** Wrong replies and broken subjects; any of them makes the run a failure. */
  problems: string[]
  /** Figures that the time did not suffice for. */
  unmeasured: string[]
}

/** Measures every figure of every subject in interleaved rounds. */
export class Run {
  #upstream = new FakeUpstream()
  #warm = new Map<string, Running>()
  #problems = new Map<string, number>()
  #broken = new Set<string>()
  #began = performance.now()

  constructor(readonly options: RunOptions) {}

  async measure(): Promise<RunResult> {
    const { figures, subjects } = this.options
    const names = subjects.map(({ name }) => name)
    const translating = subjects.filter(translates).map(({ name }) => name)
    const lines: Line[] = []
    const unmeasured: string[] = []
    for (const figure of figures) {
      const rounds = await this.#figure(figure)
      if (rounds.length === 0) unmeasured.push(figure.name)
      lines.push(...summarise(figure, rounds, names, translating))
    }
    for (const running of this.#warm.values()) await running.stop()
    this.#upstream.stop()
    for (const problem of this.#upstream.invalid) this.#problem(problem)
    const problems = [...this.#problems].map(([text, count]) => `${text} (${count} times)`)
    return { lines, problems, unmeasured }
  }

  async #figure(figure: Figure): Promise<Rounds> {
    const rounds: Rounds = []
    const wanted = this.options.quick ? figure.rounds.quick : figure.rounds.full
    for (let i = 0; i < wanted; i++) {
      if (performance.now() - this.#began > this.options.budgetMilliseconds) break
      const round: Record<string, Values> = {}
      for (const subject of this.options.subjects) {
        if (figure.needsProcess && subject.command === undefined) continue
        if (translates(subject) && figure.rows.every((row) => row.translated === undefined))
          continue
        if (this.#broken.has(subject.name)) continue
        this.options.progress(`${figure.name} ${i + 1}/${wanted} ${subject.name}`)
        const values = await this.#attempt(figure, subject)
        if (values !== undefined) round[subject.name] = values
      }
      rounds.push(round)
    }
    return rounds
  }

  /** One measurement; a subject that fails is out of the rest of the run. */
  async #attempt(figure: Figure, subject: Subject): Promise<Values | undefined> {
    let running: Running | undefined
    try {
      running = await this.#running(figure, subject)
      const bench: Bench = {
        subject,
        running,
        upstream: this.#upstream,
        quick: this.options.quick,
        invalid: (problem) => this.#problem(problem),
      }
      return await within(MEASUREMENT_MILLISECONDS, figure.measure(bench))
    } catch (error) {
      const ended = running?.ended() ? ' (its process has ended)' : ''
      this.#problem(`${subject.name} broke in ${figure.name}${ended}: ${error}`)
      this.#broken.add(subject.name)
      return undefined
    } finally {
      if (figure.fresh) await running?.stop()
    }
  }

  async #running(figure: Figure, subject: Subject): Promise<Running> {
    if (figure.fresh) return start(subject, this.#upstream.port)
    const warm = this.#warm.get(subject.name)
    if (warm !== undefined) return warm
    const running = await start(subject, this.#upstream.port)
    this.#warm.set(subject.name, running)
    return running
  }

  #problem(text: string): void {
    this.#problems.set(text, (this.#problems.get(text) ?? 0) + 1)
  }
}

function translates({ client, upstream }: Subject): boolean {
  return client !== upstream
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const seconds = milliseconds / 1000
    timer = setTimeout(() => reject(new Error(`no end within ${seconds} s`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
