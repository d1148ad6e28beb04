import { humanDuration } from '../kit/human.ts'
import { fittedLine } from '../kit/plain-text.ts'
import type { Logger } from './log.ts'
import { levelOf, logObserver, type Observer, type Settled, type Started } from './observer.ts'
import { type PanelFacts, renderPanel, routeText } from './panel.ts'
import { previewReply, previewRequest } from './preview.ts'
import { Screen, type ScreenOptions } from './screen.ts'

/** How panels are shown. */
export interface PanelsOptions {
  /** Characters of a request and of a reply that are shown. */
  readonly previewLength: number
  /** It is a terminal: what runs is shown in a line that changes. */
  readonly terminal: boolean
  readonly colour: boolean
  /** Stand in for the terminal, in tests. */
  readonly write?: ScreenOptions['write']
  readonly columns?: ScreenOptions['columns']
}

/** What panels need of the rest of the records. */
export interface PanelsWorld {
  readonly logger: Logger
  readonly cost: (exchange: Settled) => number | undefined
}

interface Running {
  readonly exchange: Started
  readonly since: number
  answering: boolean
}

/** A stream's events are so many times as long as the text that they carry. */
const STREAM_OVERHEAD = 32
/** Beyond so many at once, or so many bytes of their bodies, the ordinary line says it. */
const MOST_WAITING = 20
const MOST_BYTES = 16_777_216
/** What is over sooner need not be shown as running, ms. */
const SHOWN_AFTER_MS = 300
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const FRAME_MS = 200
const DIM = '\x1b[2m'
const RESET = '\x1b[0m'

/** One panel for each exchange, and a live line for those that run; all of it gathered and written off the way of bytes. */
export class Panels {
  readonly #options: PanelsOptions
  readonly #screen: Screen
  readonly #running = new Map<number, Running>()
  #waiting = 0
  #bytes = 0

  constructor(options: PanelsOptions) {
    this.#options = options
    const { terminal, write, columns } = options
    this.#screen = new Screen({
      terminal,
      live: (width) => this.#live(width),
      ...(write && { write }),
      ...(columns && { columns }),
    })
  }

  /** How much of each stream must be kept for the previews; undefined where there are none. */
  get keptBytes(): number | undefined {
    const { previewLength } = this.#options
    return previewLength === 0 ? undefined : previewLength * STREAM_OVERHEAD
  }

  /** Takes the log's lines, which stand between the panels. */
  readonly line = (text: string): void => this.#screen.add(text)

  /** Shows what it hears, in place of the log's line for each request. */
  observer({ logger, cost }: PanelsWorld): Observer {
    const { settled } = logObserver(logger)
    const follows = this.#options.terminal && logger.enabled('info')
    return {
      ...(follows && {
        started: (exchange) => this.#begin(exchange),
        firstByte: ({ serial }) => {
          const running = this.#running.get(serial)
          if (running !== undefined) running.answering = true
        },
      }),
      settled: (exchange) => {
        this.#running.delete(exchange.serial)
        if (!logger.enabled(levelOf(exchange))) return
        if (this.#waiting >= MOST_WAITING) settled(exchange)
        else this.#show(exchange, cost)
      },
    }
  }

  /** Writes what waits and leaves the terminal as it should be. */
  close(): void {
    this.#running.clear()
    this.#screen.close()
  }

  #begin(exchange: Started): void {
    this.#running.set(exchange.serial, { exchange, since: performance.now(), answering: false })
    this.#screen.animate()
  }

  #show(settled: Settled, cost: PanelsWorld['cost']): void {
    const bytes = sizeOf(settled)
    const fits = this.#bytes + bytes <= MOST_BYTES
    const exchange = fits ? settled : { ...settled, bodies: undefined }
    const held = fits ? bytes : 0
    this.#waiting += 1
    this.#bytes += held
    this.#screen.add((columns) => {
      this.#waiting -= 1
      this.#bytes -= held
      const { colour } = this.#options
      return renderPanel(this.#factsOf(exchange, cost), { columns, colour })
    })
  }

  #factsOf(exchange: Settled, cost: PanelsWorld['cost']): PanelFacts {
    const { bodies, protocol } = exchange
    const { previewLength } = this.#options
    const facts = { exchange, cost: cost(exchange), request: undefined, reply: undefined }
    if (bodies === undefined || protocol === undefined || previewLength === 0) return facts
    const { request, reply } = bodies
    return {
      ...facts,
      request: request && previewRequest(request, previewLength),
      reply: previewReply(reply, protocol, previewLength),
    }
  }

  /** What runs, in one line: the newest, and how many. */
  #live(columns: number): string | undefined {
    const now = performance.now()
    let count = 0
    let newest: Running | undefined
    for (const running of this.#running.values()) {
      if (now - running.since < SHOWN_AFTER_MS) continue
      count += 1
      newest = running
    }
    if (newest === undefined) return this.#running.size === 0 ? undefined : ''
    const frame = FRAMES[Math.floor(now / FRAME_MS) % FRAMES.length]
    const state = newest.answering ? 'answering' : 'waiting'
    const head = count === 1 ? `${frame} ` : `${frame} ${count} running, newest `
    const tail = ` ${state} ${humanDuration(now - newest.since)}`
    const route = routeText(newest.exchange, Math.max(8, columns - head.length - tail.length))
    const line = fittedLine(`${head}${route}${tail}`, columns)
    return this.#options.colour ? `${DIM}${line}${RESET}` : line
  }
}

function sizeOf({ bodies }: Settled): number {
  if (bodies === undefined) return 0
  return bodies.reply.reduce((sum, part) => sum + part.length, bodies.request?.length ?? 0)
}
