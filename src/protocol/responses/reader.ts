import type { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { brokenInput } from '../messages/broken-input.ts'
import { errorEvent } from '../messages/error.ts'
import { truncated } from '../messages/events.ts'
import { messageStart } from '../messages/message-start.ts'
import { refusalDelta } from '../messages/refusal-delta.ts'
import type { MessageDelta, StreamEvent } from '../messages/schema.ts'
import { readErrorValue } from '../read-error.ts'
import { recordsIn, textOf } from '../value.ts'
import { stopReasonOf } from './finish-reason.ts'
import { ItemReader, type ResponsesInOptions } from './item-reader.ts'
import { messageUsage } from './usage.ts'

type Phase = 'before start' | 'streaming' | 'closed'

/**
 * Reads the events of a response (or one whole response as its last event) into hub events. The start waits for the
 * first item, so that an error right behind `response.created` is still a failed attempt and not a broken answer.
 */
export class ResponseReader {
  readonly #options: ResponsesInOptions
  readonly #items: ItemReader
  #phase: Phase = 'before start'

  constructor(options: ResponsesInOptions) {
    this.#options = options
    this.#items = new ItemReader(options)
  }

  take(): StreamEvent[] {
    return this.#items.queue.blocks.take()
  }

  get closed(): boolean {
    return this.#phase === 'closed'
  }

  /** The reader of items, once the answer has begun. */
  get items(): ItemReader {
    if (this.#phase === 'before start') this.#start()
    return this.#items
  }

  end(): void {
    this.fail(truncated())
  }

  fail(error: ProxyError): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#items.queue.blocks.add(errorEvent(error))
  }

  /** The response failed; its own error says why. */
  failed(response: unknown): void {
    const error = isRecord(response) ? response.error : undefined
    this.fail(readErrorValue(isRecord(error) ? error : { message: 'Upstream failed to answer' }))
  }

  /** The last event: what its output holds beyond the stream is added. `strict` is off for a whole reply. */
  finish(response: Record<string, unknown>, strict: boolean): void {
    if (this.#phase === 'closed') return
    const { items } = this
    recordsIn(response.output).forEach((item, index) => {
      items.itemDone(item, index)
    })
    const { calls, sound } = items.settle()
    const incomplete = incompleteReason(response)
    if (strict && incomplete === undefined && !sound) {
      this.fail(brokenInput())
      return
    }
    items.queue.finish()
    const delta = this.#ending(response, incomplete, calls > 0)
    const usage = messageUsage(response.usage)
    items.queue.blocks.add({ type: 'message_delta', delta, usage })
    items.queue.blocks.add({ type: 'message_stop' })
    this.#phase = 'closed'
  }

  #ending(
    response: Record<string, unknown>,
    incomplete: string | undefined,
    calledTool: boolean,
  ): MessageDelta {
    const stopSequence = textOf(response.stop_sequence)
    const { refusal } = this.#items
    const stop_reason = stopReasonOf({
      incomplete,
      stopSequence,
      refused: refusal !== '',
      calledTool,
    })
    if (stop_reason === 'refusal') return refusalDelta(refusal)
    const stop_sequence = stop_reason === 'stop_sequence' ? (stopSequence ?? null) : null
    return { stop_reason, stop_sequence }
  }

  #start(): void {
    this.#phase = 'streaming'
    const { world, model } = this.#options
    this.#items.queue.blocks.add(messageStart(world, model, {}))
  }
}

/** Why a response is incomplete; nothing where it is whole. */
function incompleteReason(response: Record<string, unknown>): string | undefined {
  if (response.status !== 'incomplete') return undefined
  const details = isRecord(response.incomplete_details) ? response.incomplete_details : {}
  return textOf(details.reason) ?? 'max_output_tokens'
}
