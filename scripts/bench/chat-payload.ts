import {
  conversation,
  deltaText,
  type EventStream,
  eventStream,
  REPLY_TEXT,
  type WireDialect,
} from './payload.ts'

/** What differs between an upstream's own reply and one that was translated. */
export interface ChatVoice {
  id: string
  created: number
  model: string
  usage: object
  /** Beside the words in a chunk, and in the chunk that only counts. */
  chunkFields: object
  /** Beside the words in a whole reply. */
  messageFields: object
}

function voiceOfUpstream(tokens: number): ChatVoice {
  return {
    id: 'chatcmpl-bench',
    created: 1_700_000_000,
    model: 'claude-sonnet-4-5',
    usage: { prompt_tokens: 11, completion_tokens: tokens, total_tokens: 11 + tokens },
    chunkFields: { service_tier: 'default', system_fingerprint: 'fp_bench' },
    messageFields: { annotations: [] },
  }
}

/** The chunks of a Chat Completions reply of `deltas` words, with its counts last. */
export function chatStream(deltas: number, voice = voiceOfUpstream(deltas)): EventStream {
  const { id, created, model, chunkFields, usage } = voice
  const chunk = (rest: object) => {
    const frame = { id, object: 'chat.completion.chunk', created, model }
    return `data: ${JSON.stringify({ ...frame, ...rest })}\n\n`
  }
  const choice = (delta: object, finish_reason: string | null = null) =>
    chunk({
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      ...chunkFields,
      usage: null,
    })
  const texts = [choice({ role: 'assistant', content: '' })]
  for (let i = 0; i < deltas; i++) texts.push(choice({ content: deltaText(i) }))
  texts.push(choice({}, 'stop'), chunk({ choices: [], ...chunkFields, usage }), 'data: [DONE]\n\n')
  return eventStream(texts, 1)
}

/** A non-stream Chat Completions reply. */
export function chatReply({ id, created, model, messageFields, usage } = voiceOfUpstream(200)) {
  const message = { role: 'assistant', content: REPLY_TEXT, refusal: null, ...messageFields }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }]
  return Buffer.from(
    JSON.stringify({ id, object: 'chat.completion', created, model, choices, usage }),
  )
}

function chatRequest(stream: boolean, bytes = 0): Buffer {
  const streaming = stream ? { stream, stream_options: { include_usage: true } } : {}
  const messages = conversation(bytes)
  const body = { model: 'claude-sonnet-4-5', max_tokens: 1024, ...streaming, messages }
  return Buffer.from(JSON.stringify(body))
}

/** OpenAI Chat Completions. */
export const CHAT: WireDialect = {
  path: '/v1/chat/completions',
  request: chatRequest,
  jsonReply: chatReply(),
  stream: (deltas) => chatStream(deltas),
}
