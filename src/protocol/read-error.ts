import { type ErrorKind, ProxyError, STATUS } from '../kit/error.ts'
import { isRecord } from '../kit/json.ts'
import { ownValue } from '../kit/own-value.ts'
import { type SseFrame, SseParser } from '../kit/sse.ts'
import { headOf } from './error-head.ts'
import { saysOverflow } from './says-overflow.ts'

/** An upstream's error reply, as far as the protocol layer needs it. */
export interface UpstreamFailure {
  /** The HTTP status; absent for an error inside a stream. */
  readonly status?: number
  readonly body: string
}

/** What the error bodies of all vendors boil down to. */
interface Parts {
  readonly message: string | undefined
  readonly type: string | undefined
  readonly code: string | undefined
  readonly status: number | undefined
  readonly field: string | undefined
}

const NOTHING: Parts = {
  message: undefined,
  type: undefined,
  code: undefined,
  status: undefined,
  field: undefined,
}

/** Vendors' types and codes that say the kind by themselves, lower case. */
const KIND_OF_WORD: Readonly<Record<string, ErrorKind>> = {
  invalid_request_error: 'invalid_request',
  invalid_request: 'invalid_request',
  badrequesterror: 'invalid_request',
  invalid_argument: 'invalid_request',
  invalid_prompt: 'invalid_request',
  context_length_exceeded: 'invalid_request',
  billing_error: 'permission',
  authentication_error: 'authentication',
  invalid_api_key: 'authentication',
  unauthenticated: 'authentication',
  permission_error: 'permission',
  permission_denied: 'permission',
  not_found_error: 'not_found',
  not_found: 'not_found',
  notfounderror: 'not_found',
  model_not_found: 'not_found',
  request_too_large: 'too_large',
  rate_limit_error: 'rate_limit',
  rate_limit_exceeded: 'rate_limit',
  rate_limited: 'rate_limit',
  insufficient_quota: 'rate_limit',
  requests: 'rate_limit',
  tokens: 'rate_limit',
  resource_exhausted: 'rate_limit',
  timeout_error: 'upstream_timeout',
  deadline_exceeded: 'upstream_timeout',
  overloaded_error: 'overloaded',
  overloaded: 'overloaded',
  server_overloaded: 'overloaded',
  unavailable: 'overloaded',
}

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  401: 'authentication',
  402: 'permission',
  403: 'permission',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limit',
  502: 'upstream_unreachable',
  503: 'overloaded',
  504: 'upstream_timeout',
  522: 'upstream_timeout',
  524: 'upstream_timeout',
  529: 'overloaded',
}

/** Reads any upstream's error reply (Anthropic's, OpenAI's, a framework's, text, HTML) into a ProxyError. */
export function readUpstreamError(failure: UpstreamFailure): ProxyError {
  const text = failure.body.trim()
  const value = parsed(text) ?? inEvents(text)
  if (value !== undefined && typeof value !== 'string') return readErrorValue(value, failure.status)
  const message = typeof value === 'string' ? value : plainMessage(text, failure.status)
  return build({ ...NOTHING, message }, failure.status)
}

/** The error for a reply of a good status that has not what every answer has. */
export function noAnswer(field: string): ProxyError {
  const text = `Upstream sent JSON without "${field}": is base_url that of its API`
  return new ProxyError('upstream_protocol', text)
}

/** Reads an error object, as a reply's body or as a stream's `data`, into a ProxyError. */
export function readErrorValue(value: unknown, status?: number): ProxyError {
  return build(partsOf(value, 0), status)
}

function build(parts: Parts, httpStatus: number | undefined): ProxyError {
  const said = httpStatus !== undefined && httpStatus >= 400 ? httpStatus : parts.status
  const kind = kindOf(said, parts)
  const message = parts.message ?? parts.type ?? parts.code ?? fallbackMessage(httpStatus)
  if (isOverflow(parts, message, said)) {
    return new ProxyError('invalid_request', message, {
      status: 400,
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
    })
  }
  return new ProxyError(kind, message, {
    status: said ?? defaultStatus(kind, httpStatus),
    ...(parts.type === undefined ? {} : { type: parts.type }),
    ...(parts.code === undefined ? {} : { code: parts.code }),
    ...(parts.field === undefined ? {} : { field: parts.field }),
  })
}

function kindOf(status: number | undefined, parts: Parts): ErrorKind {
  if (status !== undefined) {
    const known = KIND_OF_STATUS[status]
    if (known !== undefined) return known
    return status < 500 ? 'invalid_request' : 'upstream_protocol'
  }
  for (const word of [parts.type, parts.code]) {
    const kind = word === undefined ? undefined : ownValue(KIND_OF_WORD, word.toLowerCase())
    if (kind !== undefined) return kind
  }
  return 'upstream_protocol'
}

/** An in-stream error of unknown type is the upstream's own failure (500); an error in a good reply is nonsense (502). */
function defaultStatus(kind: ErrorKind, httpStatus: number | undefined): number {
  if (kind === 'upstream_protocol') return httpStatus === undefined ? 500 : STATUS[kind]
  return STATUS[kind]
}

function partsOf(value: unknown, depth: number): Parts {
  if (Array.isArray(value)) return partsOf(value[0], depth)
  if (typeof value === 'string') return fromString(value, depth)
  if (!isRecord(value) || depth > 4) return NOTHING
  const inner = value.error ?? first(value.errors)
  if (inner !== undefined && inner !== null) return outer(partsOf(inner, depth + 1), value)
  return fromRecord(value, depth)
}

/** `{error:"text", code:…}` and its like keep the code beside the error. */
function outer(inner: Parts, value: Record<string, unknown>): Parts {
  return {
    message: inner.message ?? text(value.message),
    type: inner.type ?? (value.type === 'error' ? undefined : text(value.type)),
    code: inner.code ?? word(value.code),
    status: inner.status ?? statusIn(value.status_code ?? value.status ?? value.code),
    field: inner.field,
  }
}

function fromRecord(value: Record<string, unknown>, depth: number): Parts {
  const raw = value.message ?? value.Message ?? value.msg ?? value.detail ?? value.error_description
  const nested = typeof raw === 'string' ? fromString(raw, depth) : partsOf(raw, depth + 1)
  const details = isRecord(value.details) ? value.details : {}
  const code = word(details.error_code) ?? word(value.code) ?? nested.code
  const said = text(value.type) ?? text(value.status) ?? nested.type
  return {
    message: withProvider(nested.message ?? text(value.title), value.metadata),
    type: said === 'error' ? nested.type : said,
    code,
    status: statusIn(value.code) ?? statusBeside(value) ?? nested.status,
    field: text(value.param) ?? location(value.loc) ?? nested.field,
  }
}

/** OpenRouter says "Provider returned error" and hides what the provider said in `metadata.raw`. */
function withProvider(message: string | undefined, metadata: unknown): string | undefined {
  if (!isRecord(metadata) || metadata.raw === undefined || metadata.raw === null) return message
  const raw = partsOf(metadata.raw, 1).message
  if (raw === undefined || raw === message) return message
  return message === undefined ? raw : `${message}: ${raw}`
}

function fromString(value: string, depth: number): Parts {
  const trimmed = value.trim()
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) {
    const inner = parsed(trimmed)
    const parts = inner === undefined ? NOTHING : partsOf(inner, depth + 1)
    if (parts.message !== undefined) return parts
  }
  return { ...NOTHING, message: trimmed === '' ? undefined : trimmed }
}

function plainMessage(text: string, status: number | undefined): string {
  if (text === '') return fallbackMessage(status)
  if (!/^<(!doctype|html|head|\?xml)/i.test(text)) return text.slice(0, 2000)
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(headOf(text))?.[1]?.trim()
  const named = title === undefined || title === '' ? '' : ` titled "${title}"`
  return `Upstream answered ${status ?? 'a request'} with an HTML page${named}`
}

function fallbackMessage(status: number | undefined): string {
  return `Upstream answered ${status === undefined ? 'an error' : status} without a message`
}

function isOverflow(parts: Parts, message: string, status: number | undefined): boolean {
  if (parts.code === 'context_length_exceeded') return true
  if (status === 429 || status === 401 || status === 403) return false
  return saysOverflow(message)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the caller reads it as text.
    return undefined
  }
}

/** DashScope writes the refusal of a stream as an event of it, behind the status of the refusal (2026-11). */
function inEvents(text: string): unknown {
  if (!/^(id|event|data):/.test(text)) return undefined
  const parser = new SseParser()
  const frames = [...parser.push(new TextEncoder().encode(text)), ...parser.end()]
  return frames.map(({ data }) => parsed(data)).find(isRecord)
}

/** MiniMax writes `http_code`, as a text. */
function statusBeside(value: Record<string, unknown>): number | undefined {
  return statusIn(value.status_code ?? value.status) ?? statusIn(value.http_code)
}

function statusIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && number >= 400 && number <= 599 ? number : undefined
}

/** A machine code: a word; a number is a status and a code alike, and only the status is of use. */
function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !/^\d{3}$/.test(value) ? value : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** FastAPI's `loc: ["body","messages",0]` as a path. */
function location(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined
  const parts = value.filter((part) => part !== 'body')
  return parts.length === 0 ? undefined : parts.join('.')
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined
}

/** What a stream's frame holds: its JSON, or the error that it is because it holds none. */
export function frameValue(frame: SseFrame): { readonly value: unknown } | ProxyError {
  try {
    return { value: JSON.parse(frame.data) }
  } catch (cause) {
    if (frame.event === 'error') return readUpstreamError({ body: frame.data })
    const text = 'Upstream sent an event that is not JSON: try again'
    return new ProxyError('upstream_protocol', text, { cause })
  }
}
