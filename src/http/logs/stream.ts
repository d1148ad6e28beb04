import type { Live, LiveEvent, LiveSettled } from '../../record/live.ts'
import type { ServerEvent, Subscribe } from '../event-stream.ts'
import type { StreamFilter } from './filter.ts'
import { asksForResults, matchesSettled, matchesStarted } from './match.ts'
import { settledOut, startedOut } from './wire.ts'

/** What a stream of /logs is made from. */
export interface LogStreamOptions {
  readonly live: Live
  readonly filter: StreamFilter
  /** The Last-Event-ID that the client sent. */
  readonly lastId: string | undefined
  readonly version: string
  readonly cost: (exchange: LiveSettled) => number | undefined
}

/** Tells the events of this process from those of one before it. */
const PROCESS = crypto.randomUUID().slice(0, 8)

/** What one listener is told: a greeting, what it missed, then everything as it comes. */
export function logStream(options: LogStreamOptions): Subscribe {
  const { live, filter, cost } = options
  const brief = asksForResults(filter)
  const settled = (exchange: LiveSettled): ServerEvent | undefined =>
    matchesSettled(exchange, filter)
      ? {
          event: 'settled',
          id: idOf(exchange.number),
          data: settledOut(exchange, cost(exchange)),
        }
      : undefined
  const toEvent = (event: LiveEvent): ServerEvent | undefined => {
    switch (event.type) {
      case 'started':
        if (brief || !matchesStarted(event.exchange, filter)) return undefined
        return { event: 'started', data: startedOut(event.exchange) }
      case 'first_byte': {
        const { serial, id } = event.exchange
        if (brief || !matchesStarted(event.exchange, filter)) return undefined
        return { event: 'first_byte', data: { serial, id, first_byte_ms: event.firstByteMs } }
      }
      case 'settled':
        return settled(event.exchange)
      case 'reset':
        return { event: 'reset', data: {} }
    }
  }
  return (send) => {
    const last = numberOf(options.lastId)
    const replayed = last !== undefined && live.remembers(last) ? live.recent(last) : []
    send(hello(options, brief))
    for (const exchange of replayed) sendSome(send, settled(exchange))
    return live.subscribe((event) => sendSome(send, toEvent(event)))
  }
}

function hello({ live, filter, lastId, version }: LogStreamOptions, brief: boolean): ServerEvent {
  const last = numberOf(lastId)
  const missed = lastId !== undefined && (last === undefined || !live.remembers(last))
  const running = brief ? [] : live.running().filter((one) => matchesStarted(one, filter))
  const time = new Date().toISOString()
  return {
    event: 'hello',
    // A client that leaves before the replay is read begins where it was.
    id: idOf(missed || last === undefined ? live.number : last),
    data: { version, time, missed, running: running.map(startedOut) },
  }
}

function sendSome(send: (event: ServerEvent) => void, event: ServerEvent | undefined): void {
  if (event !== undefined) send(event)
}

function idOf(number: number): string {
  return `${PROCESS}-${number}`
}

function numberOf(id: string | undefined): number | undefined {
  const found = new RegExp(`^${PROCESS}-(\\d{1,15})$`).exec(id ?? '')
  return found === null ? undefined : Number(found[1])
}
