import { isRecord } from '../../kit/json.ts'
import type { Block, BlockDelta } from '../messages/schema.ts'
import { objectIn } from '../value.ts'
import { legalCallId } from './call-id.ts'
import {
  type ClosedItem,
  type ItemSink,
  type ItemWriter,
  itemAdded,
  itemDone,
} from './item-writer.ts'
import { StringField } from './string-field.ts'
import type { NamedTool } from './tool-names.ts'

/** The names that a call's item carries, in the client's words. */
interface CallNames {
  readonly call_id: string
  readonly name: string
  readonly namespace?: string
}

/** Writes a tool call in the form of the client's tool: function, custom tool or client-run tool search. */
export function openCall(
  sink: ItemSink,
  block: Block,
  tool: NamedTool | undefined,
): { readonly writer: ItemWriter; readonly text: string } {
  const names: CallNames = {
    call_id: legalCallId(block.id || `call_${sink.world.id()}`),
    name: tool?.name ?? block.name ?? '',
    ...(tool?.namespace === undefined ? {} : { namespace: tool.namespace }),
  }
  const index = sink.nextIndex()
  const id = `${PREFIX[tool?.kind ?? 'function']}_${sink.world.id()}`
  const form = FORMS[tool?.kind ?? 'function'](id, names)
  const writer = new CallWriter(sink, id, index, form, block.input)
  return { writer, text: itemAdded(sink, index, form.item('in_progress')) }
}

const PREFIX = { function: 'fc', custom: 'ctc', tool_search: 'tsc', web_search: 'fc' } as const

type Status = 'in_progress' | 'completed' | 'incomplete'

/** How one kind of call shows its input. */
interface CallForm {
  readonly deltaType: string | undefined
  readonly doneType: string | undefined
  /** What a fragment of the input's JSON adds to what the client sees. */
  take(fragment: string): string
  /** What is left to show when the JSON is over. */
  rest(cut: boolean): string
  /** The done event's fields beyond the item's place. */
  done(): string
  item(status: Status): object
}

class CallWriter implements ItemWriter {
  readonly kind = 'call'
  readonly #sink: ItemSink
  readonly #index: number
  readonly #where: string
  readonly #form: CallForm
  /** What the block began with; it counts where no JSON follows. */
  readonly #input: unknown
  #json = ''

  constructor(sink: ItemSink, id: string, index: number, form: CallForm, input: unknown) {
    this.#input = input
    this.#sink = sink
    this.#index = index
    this.#where = `"item_id":"${id}","output_index":${index}`
    this.#form = form
  }

  delta(delta: BlockDelta): string {
    return delta.type === 'input_json_delta' ? this.json(delta.partial_json) : ''
  }

  json(fragment: string): string {
    this.#json += fragment
    return this.#show(this.#form.take(fragment))
  }

  blockStop(): string {
    return ''
  }

  close(cut: boolean): ClosedItem {
    const { deltaType, doneType } = this.#form
    const whole = this.#json === '' && isRecord(this.#input) && Object.keys(this.#input).length > 0
    let before = whole ? this.json(JSON.stringify(this.#input)) : ''
    // A call whose JSON is whole was finished even if the answer was cut right behind it.
    const broken = cut && objectIn(this.#json) === undefined
    if (deltaType !== undefined) before += this.#show(this.#form.rest(broken))
    if (doneType !== undefined) {
      before += this.#sink.frames.write(doneType, `${this.#where},${this.#form.done()}`)
    }
    const item = this.#form.item(broken ? 'incomplete' : 'completed')
    return itemDone(this.#sink, this.#index, before, item)
  }

  #show(text: string): string {
    const { deltaType } = this.#form
    if (text === '' || deltaType === undefined) return ''
    return this.#sink.frames.write(deltaType, `${this.#where},"delta":${JSON.stringify(text)}`)
  }
}

const FORMS = {
  function: functionForm,
  web_search: functionForm,
  custom: customForm,
  tool_search: toolSearchForm,
} as const

function functionForm(id: string, names: CallNames): CallForm {
  let json = ''
  return {
    deltaType: 'response.function_call_arguments.delta',
    doneType: 'response.function_call_arguments.done',
    take(fragment) {
      json += fragment
      return fragment
    },
    rest(broken) {
      if (json !== '' || broken) return ''
      json = '{}'
      return json
    },
    done: () => `"arguments":${JSON.stringify(json)},"name":${JSON.stringify(names.name)}`,
    item: (status) => ({ id, type: 'function_call', status, ...names, arguments: json }),
  }
}

function customForm(id: string, names: CallNames): CallForm {
  const field = new StringField()
  return {
    deltaType: 'response.custom_tool_call_input.delta',
    doneType: 'response.custom_tool_call_input.done',
    take: (fragment) => field.push(fragment),
    rest: () => field.end(),
    done: () => `"input":${JSON.stringify(field.value)}`,
    item: (status) => ({ id, type: 'custom_tool_call', status, ...names, input: field.value }),
  }
}

function toolSearchForm(id: string, names: CallNames): CallForm {
  let json = ''
  return {
    deltaType: undefined,
    doneType: undefined,
    take(fragment) {
      json += fragment
      return ''
    },
    rest: () => '',
    done: () => '',
    item: (status) => ({
      id,
      type: 'tool_search_call',
      status,
      call_id: names.call_id,
      execution: 'client',
      arguments: objectIn(json) ?? {},
    }),
  }
}
