import type { Settled } from '../../src/record/observer.ts'
import type { NewRow } from '../../src/record/store/store.ts'

/** A number source that gives the same numbers for the same seed. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

let serial = 0

/** An exchange that settled; what is not given is an ordinary good one. */
export function settled(more: Partial<Settled> = {}): Settled {
  serial += 1
  return {
    place: -1,
    serial,
    id: `req_${serial}`,
    time: Date.now(),
    method: 'POST',
    path: '/v1/messages',
    client: undefined,
    address: '127.0.0.1',
    mode: 'full',
    protocol: 'messages',
    wire: 'messages',
    upstream: 'anthropic',
    kind: 'anthropic',
    model: 'claude-sonnet-5',
    upstreamModel: 'claude-sonnet-5',
    stream: true,
    status: 200,
    attempts: 1,
    bytesIn: 100,
    bytesOut: 200,
    usage: { input: 10, output: 20, stopReason: 'end_turn' },
    firstByteMs: 50,
    durationMs: 100,
    ending: 'complete',
    notes: [],
    error: undefined,
    requestId: undefined,
    session: undefined,
    planLogin: false,
    limits: undefined,
    bodies: undefined,
    ...more,
  }
}

const MODELS = [
  'claude-sonnet-5',
  'claude-haiku-5-5',
  'claude-opus-5-5',
  'claude-fable-5-2',
  'gpt-5',
] as const
const ENDINGS = ['client_left', 'upstream_error', 'upstream_timeout', 'refused'] as const

/** Makes rows as a busy day has them: skewed, with errors, sessions and a few rare values. */
export function rowMaker(seed: number, clients = 12) {
  const next = numbers(seed)
  const below = (limit: number) => Math.floor(next() * limit)
  /** Small numbers are by far the most frequent. */
  const skewed = (limit: number) => Math.floor(next() ** 2.5 * limit)
  const hex = () => below(0xffff_ffff).toString(16).padStart(8, '0')
  return (time: number, number: number): NewRow => {
    const model = MODELS[skewed(MODELS.length)] ?? MODELS[0]
    const foreign = model === 'gpt-5'
    const failed = next() < 0.04
    const ended = failed ? (ENDINGS[below(ENDINGS.length)] ?? 'refused') : 'complete'
    const counted = ended === 'complete' || ended === 'client_left'
    const input = skewed(20_000)
    const output = skewed(4000)
    const duration = Math.round(Math.exp(next() * 7 + 9))
    return {
      key: time * 1024 + (number % 1024),
      id: `req_${hex()}${hex()}${hex()}`,
      upstreamId: next() < 0.9 ? `req_011${hex()}${hex()}` : undefined,
      client: next() < 0.1 ? undefined : `client-${skewed(clients)}`,
      address: `10.0.0.${skewed(200)}`,
      session: next() < 0.7 ? `session-${Math.floor(time / 1_800_000)}-${skewed(20)}` : undefined,
      mode: 'full',
      method: 'POST',
      path: pathOf(next(), foreign),
      protocol: foreign ? 'chat' : 'messages',
      wire: foreign ? 'chat' : 'messages',
      provider: foreign ? 'gateway' : next() < 0.8 ? 'anthropic' : 'bedrock',
      kind: foreign ? 'openai' : 'anthropic',
      model,
      upstreamModel: model,
      stream: next() < 0.85,
      status: counted ? 200 : ended === 'upstream_timeout' ? 504 : [400, 429, 500, 529][below(4)]!,
      ended,
      stopReason: counted ? 'end_turn' : undefined,
      attempts: ended === 'refused' ? 0 : 1,
      bytesIn: input * 4,
      bytesOut: output * 30,
      input: counted ? input : undefined,
      output: counted ? output : undefined,
      cacheRead: counted ? skewed(100_000) : undefined,
      cacheWrite: counted ? skewed(10_000) : undefined,
      cacheWrite5m: undefined,
      cacheWrite1h: undefined,
      thinking: undefined,
      cost: counted && !foreign ? input * 2000 + output * 10_000 : undefined,
      listPrice: next() < 0.3,
      firstByte: counted ? Math.round(duration * (0.1 + next() * 0.5)) : undefined,
      duration,
      notes: undefined,
      error: counted ? undefined : `Upstream answered badly, case ${below(40)}`,
      requestBody: undefined,
      replyBody: undefined,
    }
  }
}

function pathOf(chance: number, foreign: boolean): string {
  if (foreign) return '/v1/chat/completions'
  if (chance < 0.1) return '/v1/messages/count_tokens'
  return chance < 0.0999 + 0.0002 ? '/v1/files/file_rare' : '/v1/messages'
}
