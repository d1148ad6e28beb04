import type { Settled, Started } from '../../record/observer.ts'
import type { StreamFilter } from './filter.ts'

/** Whether a filter asks for what is known only of an exchange that is over. */
export function asksForResults({ status, ended, session, text }: StreamFilter): boolean {
  return (status ?? ended ?? session ?? text) !== undefined
}

/** Whether an exchange that has begun is meant. */
export function matchesStarted(exchange: Started, filter: StreamFilter): boolean {
  const { model, provider, client } = filter
  return (
    isAmong(exchange.upstream, provider) &&
    isAmong(exchange.client, client) &&
    (model === undefined ||
      isAmong(exchange.model, model) ||
      isAmong(exchange.upstreamModel, model))
  )
}

/** Whether an exchange that is over is meant. */
export function matchesSettled(exchange: Settled, filter: StreamFilter): boolean {
  const { status, session, text } = filter
  return (
    matchesStarted(exchange, filter) &&
    isAmong(exchange.ending, filter.ended) &&
    (session === undefined || exchange.session === session) &&
    (status === undefined || status.some((one) => isOfStatus(exchange.status, one))) &&
    (text === undefined || holds(exchange, text))
  )
}

function isAmong(value: string | undefined, list: readonly string[] | undefined): boolean {
  return list === undefined || (value !== undefined && list.includes(value))
}

function isOfStatus(status: number, wanted: string): boolean {
  return /xx$/i.test(wanted) ? `${status}`[0] === wanted[0] : `${status}` === wanted
}

function holds(exchange: Settled, text: string): boolean {
  const part = text.toLowerCase()
  const { path, error, model, upstreamModel } = exchange
  const among = [path, error, model, upstreamModel]
  return exchange.id === text || among.some((one) => one?.toLowerCase().includes(part) === true)
}
