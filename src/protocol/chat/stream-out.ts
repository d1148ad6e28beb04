import type { ProxyError } from '../../kit/error.ts'
import { isRecord } from '../../kit/json.ts'
import { errorOfEvent } from '../messages/error.ts'
import { truncated } from '../messages/events.ts'
import type {
  Block,
  BlockDelta,
  MessageDelta,
  MessageUsage,
  StreamEvent,
} from '../messages/schema.ts'
import { readSignature } from '../messages/signature.ts'
import { mergeUsage } from '../messages/usage.ts'
import type { Around, StreamOut, World } from '../protocol.ts'
import { recordsIn, textOf } from '../value.ts'
import { chatErrors } from './error.ts'
import { finishReasonOf } from './finish-reason.ts'
import { usageOut } from './usage.ts'

/** What writing a Chat reply needs beside the hub's events or message. */
export interface ChatOutOptions {
  readonly world: World
  /** The model as the client asked for it. */
  readonly model: string
  /** `stream_options.include_usage`: one trailing chunk with the counts. */
  readonly includeUsage?: boolean
  /** The client asked with `functions`: it is answered with `function_call`. */
  readonly legacyFunctions?: boolean
}

/** What is being written; only a block of a kind that Chat knows has anything to say. */
type State =
  | { readonly name: 'between blocks' }
  | { readonly name: 'in text' }
  | { readonly name: 'in thinking'; text: string; signature: string }
  | { readonly name: 'in tool'; readonly call: number; wrote: boolean; readonly input: unknown }
  | { readonly name: 'in hidden block' }
  | { readonly name: 'closed' }

const BETWEEN: State = { name: 'between blocks' }
const CLOSED: State = { name: 'closed' }

/** Hub events → Chat Completions SSE. @see translation.md 3.G */
export function createChatStreamOut(options: ChatOutOptions): StreamOut {
  const writer = new ChatWriter(options)
  return {
    push: (event) => writer.push(event),
    end: () => writer.fail(truncated()),
    fail: (error) => writer.fail(error),
    around: () => writer.around,
  }
}

class ChatWriter {
  readonly #legacy: boolean
  readonly #usageWanted: boolean
  /** Everything of a chunk before and after its delta, which is all that changes. */
  readonly #head: string
  readonly #tail: string
  /** The same around a piece of text, by far the most frequent delta. */
  readonly #textHead: string
  readonly #textTail: string
  #state: State = BETWEEN
  #calls = 0
  #thoughts = 0
  /** Told at once: OpenAI's own client keeps of a field that it does not know what the last chunk said. */
  readonly #details: object[] = []
  #usage: MessageUsage = {}
  #ending: MessageDelta = { stop_reason: null }

  constructor(options: ChatOutOptions) {
    this.#legacy = options.legacyFunctions === true
    this.#usageWanted = options.includeUsage === true
    const { world, model } = options
    const frame = {
      id: `chatcmpl-${world.id()}`,
      object: 'chat.completion.chunk',
      created: world.now(),
      model,
    }
    this.#head = `data: ${JSON.stringify(frame).slice(0, -1)},"choices":[`
    this.#tail = this.#usageWanted ? '],"usage":null}\n\n' : ']}\n\n'
    const mark = '"content":'
    const around = this.#chunk(`{${mark}}`)
    const at = around.lastIndexOf(mark) + mark.length
    this.#textHead = around.slice(0, at)
    this.#textTail = around.slice(at)
  }

  push(event: StreamEvent): string {
    if (this.#state.name === 'closed') return ''
    switch (event.type) {
      case 'message_start':
        this.#usage = event.message.usage
        return this.#chunk('{"role":"assistant","content":""}')
      case 'content_block_start':
        return this.#start(event.content_block)
      case 'content_block_delta':
        return this.#delta(event.delta)
      case 'content_block_stop':
        return this.#stop()
      case 'message_delta':
        this.#usage = mergeUsage(this.#usage, event.usage)
        this.#ending = { ...this.#ending, ...event.delta }
        return ''
      case 'message_stop':
        return this.#finish()
      case 'error':
        return this.fail(errorOfEvent(event))
      default:
        return ''
    }
  }

  /** A piece of text is written the same way at any time, and leaves no trace here. */
  get around(): Around {
    return { head: `${this.#textHead}"`, tail: `"${this.#textTail}` }
  }

  /** An error ends the stream: neither a finish reason nor `[DONE]`, which would both say that all went well. */
  fail(error: ProxyError): string {
    if (this.#state.name === 'closed') return ''
    this.#state = CLOSED
    return chatErrors.event(error, '')
  }

  #chunk(delta: string, finish = 'null'): string {
    return `${this.#head}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}${this.#tail}`
  }

  #start(block: Block): string {
    switch (block.type) {
      case 'text':
        this.#state = { name: 'in text' }
        return block.text ? this.#chunk(`{"content":${JSON.stringify(block.text)}}`) : ''
      case 'thinking':
        this.#state = { name: 'in thinking', text: '', signature: block.signature ?? '' }
        return block.thinking ? this.#think(block.thinking) : ''
      case 'tool_use':
        return this.#startCall(block)
      default:
        // Server tools, their results and redacted thinking have no place in Chat Completions.
        this.#state = { name: 'in hidden block' }
        return ''
    }
  }

  #startCall(block: Block): string {
    const call = this.#calls++
    this.#state = { name: 'in tool', call, wrote: false, input: block.input }
    const named = { name: block.name ?? '', arguments: '' }
    if (this.#legacy) return this.#chunk(JSON.stringify({ function_call: named }))
    const tool_calls = [{ index: call, id: block.id ?? '', type: 'function', function: named }]
    return this.#chunk(JSON.stringify({ tool_calls }))
  }

  #delta(delta: BlockDelta): string {
    switch (delta.type) {
      case 'text_delta':
        return delta.text === '' ? '' : this.#textHead + JSON.stringify(delta.text) + this.#textTail
      case 'thinking_delta':
        return delta.thinking === '' ? '' : this.#think(delta.thinking)
      case 'input_json_delta':
        return delta.partial_json === '' ? '' : this.#arguments(delta.partial_json)
      case 'signature_delta':
        if (this.#state.name === 'in thinking') this.#state.signature = delta.signature
        return ''
      default:
        // Citations, and deltas that a newer API adds.
        return ''
    }
  }

  #think(text: string): string {
    if (this.#state.name === 'in thinking') this.#state.text += text
    return this.#chunk(`{"reasoning_content":${JSON.stringify(text)}}`)
  }

  #arguments(json: string): string {
    if (this.#state.name !== 'in tool') return ''
    this.#state.wrote = true
    const text = JSON.stringify(json)
    return this.#legacy
      ? this.#chunk(`{"function_call":{"arguments":${text}}}`)
      : this.#chunk(
          `{"tool_calls":[{"index":${this.#state.call},"function":{"arguments":${text}}}]}`,
        )
  }

  #stop(): string {
    const state = this.#state
    let text = ''
    if (state.name === 'in tool' && !state.wrote) {
      text = this.#arguments(JSON.stringify(state.input ?? {}))
    } else if (state.name === 'in thinking' && state.signature !== '') {
      this.#details.push(...reasoningDetails(state.text, state.signature, this.#thoughts++))
    }
    this.#state = BETWEEN
    return text
  }

  #finish(): string {
    this.#state = CLOSED
    const { stop_reason } = this.#ending
    const explanation = refusalOf(stop_reason, this.#ending.stop_details)
    const refusal =
      explanation === undefined ? '' : this.#chunk(JSON.stringify({ refusal: explanation }))
    const details =
      this.#details.length === 0
        ? ''
        : this.#chunk(JSON.stringify({ reasoning_details: this.#details }))
    const finish = this.#chunk('{}', JSON.stringify(finishOf(stop_reason, this.#legacy)))
    return `${refusal}${details}${finish}${this.#usageChunk()}data: [DONE]\n\n`
  }

  #usageChunk(): string {
    if (!this.#usageWanted) return ''
    return `${this.#head}],"usage":${JSON.stringify(usageOut(this.#usage))}}\n\n`
  }
}

/**
 * A signed thought as OpenRouter writes it: a client that echoes it gets true thinking blocks upstream. What a Chat
 * upstream itself gave goes on as it is, and a thought that it did not sign has none.
 */
export function reasoningDetails(text: string, signature: string, index: number): object[] {
  const own = readSignature(signature)
  if (own?.origin === 'chat') return recordsIn(own.details)
  return [{ type: 'reasoning.text', text, signature, format: 'anthropic-claude-v1', index }]
}

/** The words of a refusal, where the model gave any. */
export function refusalOf(stop: string | null, details: unknown): string | undefined {
  return stop === 'refusal' && isRecord(details) ? textOf(details.explanation) : undefined
}

/** The finish reason, in the words of the client's tool API. */
export function finishOf(stop: string | null, legacy: boolean): string {
  const reason = finishReasonOf(stop)
  return legacy && reason === 'tool_calls' ? 'function_call' : reason
}
