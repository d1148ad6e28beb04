import type { LogEntry } from '../../http/logs/schema.ts'
import { humanBytes, humanCount, humanDuration, humanMoney } from '../../kit/human.ts'
import { fittedLine, plainText } from '../../kit/plain-text.ts'
import { columns, type Style } from '../style.ts'
import { localTime } from './log-table.ts'

const WIDEST = 200

/** One exchange with all that is known of it. */
export function showEntry(entry: LogEntry, style: Style): string {
  const rows = facts(entry).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[style.dim(name), fittedLine(value, WIDEST)]],
  )
  return [
    columns(rows, ''),
    ...body('Request', entry.request_body, style),
    ...body('Reply', entry.reply_body, style),
    '',
  ].join('\n')
}

function facts(entry: LogEntry): [string, string | undefined][] {
  const { tokens } = entry
  const count = (value: number | undefined) => (value === undefined ? undefined : humanCount(value))
  return [
    ['Time', localTime(entry.time, 0)],
    ['Request id', entry.id],
    ['Upstream id', entry.upstream_request_id],
    ['Status', entry.ended === 'complete' ? `${entry.status}` : `${entry.status} ${entry.ended}`],
    ['Error', entry.error],
    ['Path', `${entry.method} ${entry.path}`],
    ['Mode', entry.mode],
    ['Model', entry.model],
    ['Upstream', [entry.provider, entry.upstream_model].filter(Boolean).join('/')],
    ['Protocols', [entry.protocol, entry.wire].filter(Boolean).join(' → ')],
    ['Client', [entry.client, entry.address].filter(Boolean).join(', ')],
    ['Session', entry.session],
    ['Tokens in', count(tokens.input)],
    ['From cache', count(tokens.cache_read)],
    ['To cache', count(tokens.cache_write)],
    ['Tokens out', count(tokens.output)],
    ['Thinking', count(tokens.thinking)],
    ['Cost', costOf(entry)],
    ['First byte', duration(entry.first_byte_ms)],
    ['Total', duration(entry.duration_ms)],
    ['Stop reason', entry.stop_reason],
    ['Attempts', entry.attempts > 1 ? `${entry.attempts}` : undefined],
    ['Bytes', `${humanBytes(entry.bytes_in)} in, ${humanBytes(entry.bytes_out)} out`],
    ['Notes', entry.notes.join('; ')],
  ]
}

function duration(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : humanDuration(ms)
}

function costOf({ cost_usd: cost, list_price: list, tokens }: LogEntry): string | undefined {
  if (cost !== undefined) return `${humanMoney(cost)}${list ? ' list price (plan login)' : ''}`
  return tokens.output === undefined ? undefined : 'price unknown'
}

function body(title: string, text: string | undefined, { bold }: Style): string[] {
  return text === undefined ? [] : ['', bold(title), plainText(text)]
}
