import { type ChatVoice, chatReply, chatStream } from './chat-payload.ts'
import { messagesReply, messagesStream, type WireDialect } from './payload.ts'
import { ANY_ID, ANY_TIME, type Expected, Template } from './template.ts'

/** What a subject's clients must get for what its upstream says. */
export interface Answers {
  jsonReply: Expected
  stream(deltas: number): Expected
}

/** The answers of a subject that hands on what it gets. */
export function sameAnswers(dialect: WireDialect): Answers {
  return { jsonReply: dialect.jsonReply, stream: (deltas) => dialect.stream(deltas).body }
}

function translatedVoice(tokens: number): ChatVoice {
  return {
    id: `chatcmpl-${ANY_ID}`,
    created: Number(ANY_TIME),
    model: 'claude-sonnet-4-5',
    usage: {
      prompt_tokens: 11,
      completion_tokens: tokens,
      total_tokens: 11 + tokens,
      prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
    chunkFields: {},
    messageFields: {},
  }
}

/** A Messages upstream's replies as a Chat client must get them. */
export const chatAnswers: Answers = {
  jsonReply: new Template(chatReply(translatedVoice(200))),
  stream: (deltas) => new Template(chatStream(deltas, translatedVoice(deltas)).body),
}

/** A Chat upstream's replies as a Messages client must get them. */
export const messagesAnswers: Answers = {
  jsonReply: new Template(messagesReply(`msg_${ANY_ID}`)),
  stream: (deltas) => {
    const voice = {
      id: `msg_${ANY_ID}`,
      startUsage: { input_tokens: 0, output_tokens: 0 },
      endUsage: { input_tokens: 11, output_tokens: deltas },
    }
    return new Template(messagesStream(deltas, voice).body)
  },
}
