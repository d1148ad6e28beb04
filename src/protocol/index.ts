import { chatCodec } from './chat/codec.ts'
import type { Codec } from './codec.ts'
import { messagesCodec } from './messages/codec.ts'
import type { ProtocolName } from './protocol.ts'
import { responsesCodec } from './responses/codec.ts'

/** The one list of protocols; a new one is one line here. */
export const CODECS: Readonly<Record<ProtocolName, Codec>> = {
  messages: messagesCodec,
  chat: chatCodec,
  responses: responsesCodec,
}
