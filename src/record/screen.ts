import { writeSync } from 'node:fs'
import { errorCode } from '../kit/error.ts'

/** What a screen is made with; tests stand in for the terminal. */
export interface ScreenOptions {
  /** The cursor can be moved: there is a line that changes. */
  readonly terminal: boolean
  /** The line that changes, of at most so many columns; empty for now, or undefined where nothing will come. */
  readonly live: (columns: number) => string | undefined
  /** Gives how many bytes it took. */
  readonly write?: (bytes: Uint8Array) => number
  readonly columns?: () => number | undefined
}

/** What is written waits this long for others, ms. */
const GATHER_MS = 20
/** The screen may take a tenth of the time and no more: after each piece of work it waits so many times as long. */
const REST = 9
const FRAME_MS = 200
const USUAL_COLUMNS = 80
/** What a terminal has not taken yet; beyond this a slow one loses text. */
const MOST_UNWRITTEN = 262_144
const STDERR = 2

/** The terminal: text that stays, in order, and below it one line that changes. */
export class Screen {
  readonly #options: ScreenOptions
  readonly #flushAtExit = () => this.flush()
  /** Text, or what makes it once it is time to write. */
  #waiting: (string | ((columns: number) => string))[] = []
  #unwritten = new Uint8Array(0)
  /** Columns of the live line that stands on the terminal. */
  #drawn = 0
  #line = ''
  #timer: ReturnType<typeof setTimeout> | undefined
  #frames: ReturnType<typeof setInterval> | undefined
  #gatherMs = GATHER_MS

  constructor(options: ScreenOptions) {
    this.#options = options
  }

  /** Adds whole lines. */
  add(piece: string | ((columns: number) => string)): void {
    this.#waiting.push(piece)
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.flush(), this.#gatherMs)
    process.once('exit', this.#flushAtExit)
  }

  /** There is something to show in the live line until it says that there is not. */
  animate(): void {
    if (!this.#options.terminal || this.#frames !== undefined) return
    this.#frames = setInterval(() => this.#frame(), FRAME_MS).unref()
  }

  /** Writes what waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    process.off('exit', this.#flushAtExit)
    const pieces = this.#waiting
    this.#waiting = []
    const begin = performance.now()
    const columns = this.#columns()
    const text = pieces
      .map((piece) => (typeof piece === 'string' ? piece : piece(columns)))
      .join('')
    const line = this.#frames === undefined ? '' : (this.#options.live(columns - 1) ?? '')
    this.#write(`${this.#clear(columns)}${text}${this.#draw(line)}`)
    this.#gatherMs = Math.max(GATHER_MS, (performance.now() - begin) * REST)
  }

  /** Takes the live line away and writes what waits. */
  close(): void {
    clearInterval(this.#frames)
    this.#frames = undefined
    this.flush()
  }

  #frame(): void {
    const columns = this.#columns()
    const line = this.#options.live(columns - 1)
    if (line === undefined) {
      clearInterval(this.#frames)
      this.#frames = undefined
    }
    if ((line ?? '') !== this.#line) this.#write(`${this.#clear(columns)}${this.#draw(line ?? '')}`)
  }

  #columns(): number {
    const { terminal, columns } = this.#options
    if (!terminal) return USUAL_COLUMNS
    const now = columns === undefined ? process.stderr.columns : columns()
    return now === undefined || now < 1 ? USUAL_COLUMNS : now
  }

  /** A window that became narrower has broken the line that it holds into several. */
  #clear(columns: number): string {
    if (this.#drawn === 0) return ''
    const above = Math.ceil(this.#drawn / columns) - 1
    return `\r${above > 0 ? `\x1b[${above}A` : ''}\x1b[J`
  }

  #draw(line: string): string {
    this.#line = line
    this.#drawn = Bun.stringWidth(line)
    return line
  }

  #write(text: string): void {
    const added = new TextEncoder().encode(text)
    const bytes = this.#unwritten.length === 0 ? added : joined(this.#unwritten, added)
    const { write = writeStderr } = this.#options
    let sent = 0
    while (sent < bytes.length) {
      const taken = write(bytes.subarray(sent))
      if (taken === 0) break
      sent += taken
    }
    this.#unwritten = bytes.slice(sent, sent + MOST_UNWRITTEN)
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

/** Gives 0 where the terminal takes nothing just now. */
function writeStderr(bytes: Uint8Array): number {
  try {
    return writeSync(STDERR, bytes)
  } catch (error) {
    const code = errorCode(error)
    // A closed stderr must never end a request: there is nobody left to tell, so that all counts as written.
    return code === 'EAGAIN' ? 0 : bytes.length
  }
}
