import type { Codec } from '../codec.ts'
import { checkRequest } from './check.ts'
import { checkMeaning } from './check-request.ts'
import { messagesErrors } from './error.ts'
import { createMessagesStreamIn, createMessagesStreamOut } from './events.ts'
import { messagesReplyIn } from './reply-in.ts'
import { messagesReplyOut } from './reply-out.ts'
import { messagesRequestIn } from './request-in.ts'
import { messagesRequestOut } from './request-out.ts'
import { createMessagesTap } from './tap.ts'

/** Anthropic Messages, the hub itself. */
export const messagesCodec: Codec = {
  name: 'messages',
  path: '/v1/messages',
  errors: messagesErrors,
  ping: 'event: ping\ndata: {"type": "ping"}\n\n',
  requestIn: (body) => messagesRequestIn(checkMeaning(checkRequest(body))),
  requestOut(turn, target) {
    const out = messagesRequestOut(turn, { defaultMaxTokens: target.defaultMaxTokens })
    return { ...out, names: undefined }
  },
  replyIn: (body) => ({ value: messagesReplyIn(body), notes: [] }),
  replyOut: (message, { model }) => messagesReplyOut({ ...message, model }),
  streamIn: () => createMessagesStreamIn(),
  streamOut: ({ requestId }) => createMessagesStreamOut({ requestId }),
  tap: createMessagesTap,
}
