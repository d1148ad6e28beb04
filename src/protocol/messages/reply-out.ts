import type { Message } from './schema.ts'
import { completeUsage } from './usage.ts'

/** The hub's message as a Messages client reads it: the counts that its SDK needs are always numbers. */
export function messagesReplyOut(message: Message): Message {
  return { ...message, usage: completeUsage(message.usage) }
}
