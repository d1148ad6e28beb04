import { describe, expect, test } from 'bun:test'
import { chatRequestIn } from '../../../src/protocol/chat/request-in.ts'
import { type Plan, type ReadOptions, readPlan } from '../../../src/provider/claude-sdk/plan.ts'

const ALL: ReadOptions = { tools: 'all', mixTools: false, translated: false }
const MIXED: ReadOptions = { ...ALL, mixTools: true }
const NONE: ReadOptions = { ...ALL, tools: [] }
const TRANSLATED: ReadOptions = { ...ALL, translated: true }
const weather = {
  name: 'get_weather',
  description: 'The weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
}
const search = { type: 'web_search_20250305', name: 'web_search' }

function plan(more: object, options = ALL): Plan {
  const messages = [{ role: 'user', content: 'Hello' }]
  return readPlan({ model: 'claude-x', max_tokens: 100, messages, ...more }, options)
}

/** The error that a request is refused with, which names its field. */
function refused(more: object, options = ALL): unknown {
  try {
    plan(more, options)
  } catch (error) {
    return error
  }
  return undefined
}

describe('a request', () => {
  test('is its conversation, its launch and its tuning', () => {
    const messages = [
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Two' },
      { role: 'user', content: 'Three' },
    ]
    const read = plan({ system: 'Be brief', messages, stream: true }, NONE)
    expect(read).toEqual({
      launch: {
        ...{ system: 'Be brief', ownTools: [], servers: true, callerTools: [] },
        thinking: { type: 'disabled' },
      },
      tuning: {
        ...{ model: 'claude-x', effort: undefined, maxTokens: 100, body: { max_tokens: 100 } },
      },
      history: [
        { role: 'user', content: [{ type: 'text', text: 'One' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Two' }] },
      ],
      prompt: { role: 'user', content: [{ type: 'text', text: 'Three' }] },
      ...{ stopSequences: [], stream: true, notes: [] },
    })
  })

  test('for a thread is refused by the code on which the SDK sends the whole conversation', () => {
    const thread = { type: 'continue', previous_message_id: 'msg_1' }
    expect(refused({ thread })).toMatchObject({ vendorCode: 'thread_unsupported_request' })
  })

  test('that asks for an answer to white space is refused', () => {
    const blank = [{ role: 'user', content: [{ type: 'text', text: ' \n' }] }]
    expect(refused({ messages: blank })).toMatchObject({ kind: 'invalid_request' })
  })

  test('has a system prompt of blocks without what is for Anthropic only', () => {
    const system = [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=1;' },
      { type: 'text', text: 'One', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Two' },
    ]
    expect(plan({ system }).launch.system).toBe('One\n\nTwo')
  })

  test.each([
    ['messages', { messages: [] }],
    ['messages', { messages: [{ role: 'user', content: '' }] }],
    [
      'messages',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
    ],
    [
      'messages.0',
      {
        messages: [
          { role: 'assistant', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
    ],
    ['tools.0.name', { tools: [{ ...weather, name: 'a.b' }] }],
    ['tools.1.name', { tools: [weather, weather] }],
    ['tools.0.name', { tools: [{ input_schema: {} }] }],
    ['output_config.effort', { output_config: { effort: 'some' } }],
    ['temperature', { temperature: 'hot' }],
    ['model', { model: '' }],
  ])('is refused for its %s', (field, more) => {
    expect(refused(more)).toMatchObject({ field })
  })
})

describe('a field', () => {
  test.each([
    ['temperature', 0.3],
    ['top_p', 0.9],
    ['top_k', 5],
    ['stop_sequences', ['END']],
    ['service_tier', 'standard_only'],
    ['max_tokens', 0],
    ['thinking', { type: 'enabled', budget_tokens: 2048, display: 'omitted' }],
  ])('"%s" goes up as it is', (name, value) => {
    const read = plan({ [name]: value }, NONE)
    expect(read.tuning.body[name]).toEqual(value)
    expect(read.notes).toEqual([])
  })

  test('that only the caller’s model can take stays away from what own tools ask by themselves', () => {
    const { tuning, launch } = plan({ thinking: { type: 'adaptive' } })
    expect(tuning.body).toEqual({})
    expect(tuning.maxTokens).toBe(100)
    expect(launch.thinking).toEqual({ type: 'adaptive' })
  })

  test.each([
    ['context_management', {}],
    ['mcp_servers', []],
    ['container', 'c'],
    ['speed', 'fast'],
    ['something_new', 1],
  ])('"%s" is named', (name, value) => {
    expect(plan({ [name]: value }).notes).toEqual([`${name}: Claude Code has no such setting`])
  })

  test('"metadata" is named where it says who the user is', () => {
    expect(plan({ metadata: { user_id: 'me' } }).notes).toEqual([
      'metadata.user_id: Claude Code sends its own',
    ])
    expect(plan({ metadata: { session_id: 'my-session' } }).notes).toEqual([])
  })

  test.each([
    ['nobody', {}, []],
    ['the client', { user: 'me' }, ['metadata.user_id: Claude Code sends its own']],
  ])('"metadata" of a translated request is named where it came from %s', (_who, said, notes) => {
    const messages = [{ role: 'user', content: 'Hello' }]
    const { request } = chatRequestIn({ model: 'claude-x', messages, ...said })
    expect(request.metadata?.user_id).toBeString()
    expect(readPlan({ max_tokens: 100, ...request }, TRANSLATED).notes).toEqual(notes)
    // An id of that look is anybody's where nothing was translated.
    expect(readPlan({ max_tokens: 100, ...request }, ALL).notes).toHaveLength(1)
  })

  test('of the answer’s form goes up, also by its older name', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    const output_config = { effort: 'low', format }
    const read = plan({ output_config }, NONE)
    expect(read.tuning).toMatchObject({ effort: 'low', body: { output_config } })
    expect(plan({ output_format: format }).tuning.body).toEqual({ output_config: { format } })
    expect(plan({ output_config: { effort: 'max' } }).tuning).toMatchObject({
      effort: 'max',
      body: {},
    })
  })
})

describe('tools', () => {
  test("are Claude Code's own where the request brings none", () => {
    expect(plan({}).launch.ownTools).toBe('all')
    expect(plan({ tools: [] }).launch.ownTools).toBe('all')
    expect(plan({}, { ...ALL, tools: ['Read'] }).launch.ownTools).toEqual(['Read'])
  })

  test("are the caller's alone where it brings some, unless they are to be mixed", () => {
    const { launch, notes } = plan({ tools: [weather] })
    expect(launch).toMatchObject({ ownTools: [], callerTools: [{ name: 'get_weather' }] })
    expect(launch.callerTools[0]?.schema).toEqual(weather.input_schema)
    expect(notes).toEqual([])
    expect(plan({ tools: [weather] }, MIXED).launch.ownTools).toBe('all')
  })

  test("of Anthropic's are Claude Code's where it has them and the settings let them be", () => {
    const own = (options: ReadOptions, ...tools: object[]) => plan({ tools }, options)
    expect(own(ALL, search).launch.ownTools).toEqual(['WebSearch'])
    expect(own(ALL, search, weather).launch.ownTools).toEqual(['WebSearch'])
    expect(own({ ...MIXED, tools: ['WebSearch', 'Read'] }, search).launch.ownTools).toEqual([
      'WebSearch',
      'Read',
    ])
    const plain = own(NONE, search)
    expect(plain.launch.ownTools).toEqual([])
    expect(plain.notes).toEqual(['tools.0: the settings leave WebSearch out'])
  })

  test('that Claude Code lacks, and settings of tools, are named', () => {
    const tools = [
      { type: 'code_execution_20250825', name: 'code_execution' },
      { ...weather, strict: true, defer_loading: false, input_examples: [{}] },
      { ...search, max_uses: 3 },
      { name: 'ToolSearch', input_schema: {} },
    ]
    expect(plan({ tools }).notes).toEqual([
      'tools.0: Claude Code has no code_execution_20250825',
      'tools: strict, input_examples, max_uses not carried to Claude Code',
    ])
    expect(plan({ tools: tools.slice(3) }).notes).toEqual([
      'tools.0: Claude Code takes no "ToolSearch"',
    ])
  })

  test("of Anthropic's that the caller runs are its own, with their documented inputs", () => {
    const tools = [
      { type: 'bash_20250124', name: 'bash' },
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 9000 },
      { type: 'memory_20250818', name: 'memory' },
      {
        ...{ type: 'computer_20251124', name: 'computer', enable_zoom: true },
        ...{ display_width_px: 1024, display_height_px: 768, cache_control: { type: 'ephemeral' } },
      },
    ]
    const { launch, notes } = plan({ tools })
    expect(launch.ownTools).toEqual([])
    expect(notes).toEqual(
      tools.map(
        ({ type }, at) => `tools.${at}: ${type} goes as a custom tool with its documented input`,
      ),
    )
    const [bash, editor, memory, computer] = launch.callerTools
    expect(launch.callerTools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name))
    expect(bash?.schema).toMatchObject({ properties: { command: {}, restart: {} } })
    expect(editor?.description).toContain('9000 characters')
    expect(editor?.schema.properties).not.toHaveProperty('undo_edit')
    expect(memory?.schema).toMatchObject({ properties: { old_path: {}, insert_text: {} } })
    expect(computer?.description).toContain('1024 pixels wide and 768 high')
    expect(computer?.schema).toMatchObject({ properties: { region: {}, scroll_amount: {} } })
  })

  test("of Anthropic's have the inputs of their time", () => {
    const input = (type: string) =>
      JSON.stringify(plan({ tools: [{ type, name: 'a' }] }).launch.callerTools[0]?.schema)
    expect(input('text_editor_20250124')).toContain('undo_edit')
    expect(input('text_editor_20250124')).not.toContain('insert_text')
    expect(input('text_editor_20250728')).toContain('insert_text')
    expect(input('text_editor_20250728')).not.toContain('undo_edit')
    expect(input('computer_20241022')).not.toContain('scroll')
    expect(input('computer_20251124')).not.toContain('zoom')
  })

  test('may have names as long as Claude Code lets pass', () => {
    const named = (length: number) => ({ tools: [{ ...weather, name: 'x'.repeat(length) }] })
    expect(refused(named(128))).toBeUndefined()
    expect(refused(named(129))).toMatchObject({ field: 'tools.0.name' })
    expect(refused(named(115), MIXED)).toBeUndefined()
    expect(refused(named(116), MIXED)).toMatchObject({ field: 'tools.0.name' })
  })
})

describe('a tool choice', () => {
  const read = (type: string, options = ALL) =>
    plan({ tools: [weather], tool_choice: { type } }, options)

  test('goes up as it is', () => {
    for (const type of ['auto', 'any', 'none']) {
      expect(read(type).tuning.body.tool_choice).toEqual({ type })
      expect(read(type).launch).toMatchObject({ ownTools: [], callerTools: [{}] })
    }
  })

  test('that forces a call is named beside tools which Claude Code would be made to call', () => {
    expect(read('any', MIXED).tuning.body.tool_choice).toBeUndefined()
    expect(read('any', MIXED).notes).toEqual([`tool_choice: "auto" beside Claude Code's own tools`])
    expect(read('auto', MIXED).tuning.body.tool_choice).toEqual({ type: 'auto' })
    expect(read('none', MIXED).launch.ownTools).toEqual([])
  })

  test('of none leaves no tool, also where the request brings none', () => {
    const { launch, tuning } = plan({ tool_choice: { type: 'none' } })
    expect(launch.ownTools).toEqual([])
    expect(tuning.body.tool_choice).toBeUndefined()
  })
})
