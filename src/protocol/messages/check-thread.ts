import { ProxyError } from '../../kit/error.ts'

/**
 * Refuses a thread, which is held by Anthropic alone: without it the model would see the newest turn and nothing before
 * it. By this code the SDK knows (1.11) that its tool runner has to send the whole conversation.
 */
export function checkThread({ thread }: Readonly<Record<string, unknown>>): void {
  if (thread === undefined || thread === null) return
  const why = 'conversations are not held here; send the whole of it in messages'
  throw new ProxyError('invalid_request', `Cannot translate "thread": ${why}`, {
    ...{ field: 'thread', code: 'thread_unsupported_request' },
  })
}
