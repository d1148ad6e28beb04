import { ProxyError } from '../kit/error.ts'
import { parseJson } from '../kit/json.ts'
import type { Codec } from '../protocol/codec.ts'
import { readUpstreamError } from '../protocol/read-error.ts'
import type { Exchange } from './exchange.ts'
import type { Reply } from './relay.ts'

/** A whole reply as it may go to the client. */
export interface CheckedReply {
  readonly status: number
  readonly bytes: Uint8Array
  /** Set where the body is ours and no longer the upstream's. */
  readonly contentType: string | undefined
  /** What the upstream's error said, for the log. */
  readonly error: string | undefined
}

/** A reply that came whole. */
export type BodyReply = Extract<Reply, { kind: 'body' }>

/** What a reply is checked against. */
export interface ReplyCheck {
  readonly client: Codec
  readonly translation: object | undefined
  readonly exchange: Exchange
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Lets an upstream's reply pass if it is what its protocol promises: JSON, and an error in the protocol's own shape.
 * Anything else becomes an error in the caller's shape; a good status with no JSON behind it is a 502.
 */
export function checkReply(reply: BodyReply, work: ReplyCheck): CheckedReply {
  const { status, bytes } = reply
  if (status >= 400) return checkError(reply, work)
  if (status === 204 || status === 304 || looksWhole(bytes)) {
    return { status, bytes, contentType: undefined, error: undefined }
  }
  throw nonsense(reply)
}

function checkError(reply: BodyReply, work: ReplyCheck): CheckedReply {
  const { status, bytes } = reply
  const { client, translation, exchange } = work
  const body = decoder.decode(bytes)
  const error = readUpstreamError({ status, body })
  const passes =
    exchange.mode === 'passthrough' ||
    (client.errors.isOwn(parseJson(body)) && status === error.status)
  if (translation === undefined && passes) {
    return { status, bytes, contentType: undefined, error: error.message }
  }
  return {
    status: error.status,
    bytes: encoder.encode(client.errors.body(error, exchange.id)),
    contentType: 'application/json',
    error: error.message,
  }
}

/** Whether the bytes can be one JSON value: how it begins and ends tells a page and a cut body apart. */
function looksWhole(bytes: Uint8Array): boolean {
  let start = 0
  let end = bytes.length
  while (start < end && isSpace(bytes[start]!)) start += 1
  while (end > start && isSpace(bytes[end - 1]!)) end -= 1
  const first = bytes[start]
  const last = bytes[end - 1]
  return (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function nonsense(reply: BodyReply): ProxyError {
  const type = reply.headers.get('content-type')?.split(';')[0] ?? 'no content-type'
  const size = reply.bytes.length
  const text = `Upstream answered ${reply.status} with ${size} bytes of ${type} that are no complete JSON`
  return new ProxyError('upstream_protocol', `${text}: check base_url, or a page stands in the way`)
}
