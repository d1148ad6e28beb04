import type { World } from '../protocol.ts'
import type { MessageUsage, StreamEvent } from './schema.ts'

/** The first event of an answer that another wire's upstream gives, under the model's name as the client asked for it. */
export function messageStart(world: World, model: string, usage: MessageUsage): StreamEvent {
  return {
    type: 'message_start',
    message: {
      id: `msg_${world.id()}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    },
  }
}
