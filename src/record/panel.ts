import { humanCount, humanDuration, humanMoney, humanShare } from '../kit/human.ts'
import { fittedLine, plainText, wrappedWords } from '../kit/plain-text.ts'
import type { Settled, Started } from './observer.ts'
import { isFailure } from './observer.ts'
import type { Preview } from './preview.ts'
import { redact } from './redact.ts'

/** What a panel is made from. */
export interface PanelFacts {
  readonly exchange: Settled
  /** USD; undefined where no price is known. */
  readonly cost: number | undefined
  readonly request: Preview | undefined
  readonly reply: Preview | undefined
}

/** How a panel looks. */
export interface PanelLook {
  readonly columns: number
  readonly colour: boolean
}

type Paint = (text: string) => string

const RESET = '\x1b[0m'
const DIM = '\x1b[2m'
const BOLD = '\x1b[1m'
const COLOURS = { good: '\x1b[32m', poor: '\x1b[33m', bad: '\x1b[31m' } as const
const PROTOCOLS = { messages: 'Messages', chat: 'Chat', responses: 'Responses' } as const
/** Lines of one preview. */
const MOST_LINES = 24
const WIDEST = 120
const NARROWEST = 24
/** No room for more than a status and a model. */
const NARROW = 39
/** Of a text that clients choose. */
const NAME_COLUMNS = 60

/** One exchange as lines between two rules; every text of others is made harmless. */
export function renderPanel(facts: PanelFacts, look: PanelLook): string {
  const { exchange } = facts
  const columns = Math.max(NARROWEST, Math.min(look.columns - 1, WIDEST))
  const paint = painter(look.colour)
  const edge = paint(COLOURS[outcomeOf(exchange)])
  const dim = paint(DIM)
  const inner = columns - 2
  const lines = [
    titleLine(exchange, columns, paint),
    ...inWidth([wayOf(exchange, facts.request)], inner).map(dim),
    ...inWidth([tokensOf(facts), timesOf(exchange)].filter(isSaid), inner),
    ...inWidth(warningsOf(exchange), inner).map(paint(COLOURS.poor)),
    ...previewLines('→', facts.request, inner, dim),
    ...(saysMore(facts) ? previewLines('←', facts.reply, inner, paint('')) : []),
  ]
  const [title = '', ...rest] = lines
  const foot = `${edge('╰─')} ${dim(fittedLine(exchange.id, columns - 3))}`
  return [title, ...rest.map((line) => `${edge('│')} ${line}`), foot, ''].join('\n')
}

/** The client's model and the upstream's, harmless and in at most so many columns. */
export function routeText(exchange: Started, columns: number): string {
  const { model, upstream, upstreamModel, method, path } = exchange
  const asked = model === undefined ? `${method} ${path}` : model
  const same = upstreamModel === undefined || upstreamModel === model
  const goal = [upstream, same ? undefined : upstreamModel].filter(isSaid).join('/')
  return fittedLine(redact(goal === '' ? asked : `${asked} → ${goal}`), columns)
}

function titleLine(exchange: Settled, columns: number, paint: (code: string) => Paint): string {
  const colour = COLOURS[outcomeOf(exchange)]
  // In a narrow window the colour has to say how it ended.
  const brief = exchange.ending === 'complete' || columns < NARROW
  const state = brief ? `${exchange.status}` : `${exchange.status} ${exchange.ending}`
  const time = columns < 48 ? '' : new Date(exchange.time).toTimeString().slice(0, 8)
  const room = columns - state.length - time.length - 9
  const route = routeText(exchange, Math.max(8, room))
  const rule = Math.max(1, room - Bun.stringWidth(route) + 1)
  const edge = paint(colour)
  const end =
    time === ''
      ? edge('─'.repeat(rule + 3))
      : `${edge('─'.repeat(rule))} ${paint(DIM)(time)} ${edge('─')}`
  return `${edge('╭─')} ${paint(BOLD + colour)(state)} ${paint(BOLD)(route)} ${end}`
}

/** An error's text stands among the warnings already. */
function saysMore({ exchange, reply }: PanelFacts): boolean {
  return exchange.error === undefined || reply?.text !== redact(exchange.error)
}

function outcomeOf(exchange: Settled): keyof typeof COLOURS {
  if (exchange.status >= 500) return 'bad'
  if (exchange.status >= 400) return 'poor'
  if (isFailure(exchange.ending)) return 'bad'
  return exchange.ending === 'complete' ? 'good' : 'poor'
}

function wayOf(exchange: Settled, request: Preview | undefined): string {
  const { protocol, wire, client, attempts, path, method, model } = exchange
  const spoken = protocol === undefined ? undefined : PROTOCOLS[protocol]
  const upstream = wire === undefined ? undefined : PROTOCOLS[wire]
  const pair =
    spoken === undefined || upstream === undefined ? undefined : `${spoken} → ${upstream}`
  return [
    pair,
    model === undefined ? undefined : `${method} ${name(path)}`,
    exchange.stream ? 'stream' : undefined,
    exchange.mode,
    client === undefined ? undefined : `client ${name(client)}`,
    counted(request?.messages, 'message'),
    counted(request?.tools, 'tool'),
    attempts > 1 ? `${attempts} attempts` : undefined,
  ]
    .filter(isSaid)
    .join(' · ')
}

function counted(count: number | undefined, what: string): string | undefined {
  if (count === undefined || count === 0) return undefined
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function tokensOf({ exchange, cost }: PanelFacts): string | undefined {
  const { input, output, cacheRead = 0, cacheWrite = 0, thinking = 0 } = exchange.usage
  if (input === undefined && output === undefined) return undefined
  const prompt = (input ?? 0) + cacheRead + cacheWrite
  const cache = [
    cacheRead > 0 ? `${humanShare(cacheRead / prompt)} cached` : undefined,
    cacheWrite > 0 ? `${humanCount(cacheWrite)} written` : undefined,
  ].filter(isSaid)
  const thought = thinking > 0 ? ` (${humanCount(thinking)} thinking)` : ''
  const read = cache.length === 0 ? '' : ` (${cache.join(', ')})`
  return [
    `${humanCount(prompt)} tokens in${read}`,
    `${humanCount(output ?? 0)} out${thought}`,
    costText(cost, exchange.planLogin),
  ].join(' · ')
}

function costText(cost: number | undefined, planLogin: boolean): string {
  if (cost === undefined) return 'price unknown'
  return planLogin ? `${humanMoney(cost)} list price (plan login)` : humanMoney(cost)
}

function timesOf({ firstByteMs, durationMs, usage, stream }: Settled): string {
  return [
    // Of a reply in one piece the first byte comes with the last.
    firstByteMs === undefined || !stream ? undefined : `first byte ${humanDuration(firstByteMs)}`,
    `total ${humanDuration(durationMs)}`,
    usage.stopReason === undefined ? undefined : name(usage.stopReason),
  ]
    .filter(isSaid)
    .join(' · ')
}

function warningsOf({ error, notes }: Settled): string[] {
  return [error, ...notes].filter(isSaid).map((text) => redact(text.slice(0, 2000)))
}

function previewLines(sign: string, preview: Preview | undefined, inner: number, paint: Paint) {
  if (preview === undefined || preview.text === '') return []
  const lines = inWidth(
    preview.text.split('\n').filter((line) => line.trim() !== ''),
    inner - 2,
  )
  const left = lines.length - MOST_LINES
  const shown = left > 1 ? [...lines.slice(0, MOST_LINES), `… ${left} more lines`] : lines
  return shown.map((line, index) => paint(`${index === 0 ? sign : ' '} ${line}`))
}

function inWidth(texts: readonly string[], columns: number): string[] {
  return texts.flatMap((text) =>
    plainText(text)
      .split('\n')
      .flatMap((line) => wrappedWords(line, columns)),
  )
}

function name(text: string): string {
  return fittedLine(redact(text), NAME_COLUMNS)
}

function painter(on: boolean): (code: string) => Paint {
  return (code) => (text) => (on && code !== '' ? `${code}${text}${RESET}` : text)
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
