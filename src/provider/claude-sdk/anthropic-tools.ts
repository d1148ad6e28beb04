import type { Tool } from '../../protocol/messages/schema.ts'

/** What of the caller's settings of such a tool its description tells. */
export const TOLD_SETTINGS = [
  'display_width_px',
  'display_height_px',
  'display_number',
  'enable_zoom',
  'max_characters',
] as const

type Schema = NonNullable<Tool['input_schema']>

const TEXT = { type: 'string' } as const
const WHOLE = { type: 'integer' } as const
const RANGE = {
  type: 'array',
  items: WHOLE,
  description: 'First and last line from 1; -1: the end',
}
const POINT = { type: 'array', items: WHOLE, description: 'x and y, in pixels' }

/**
 * A tool of Anthropic's that the caller runs, such as `bash_20250124`, as a custom tool: Claude Code passes those on
 * only. The API knows their inputs by their types; here they are as documented (2026-11), under the name that the
 * caller gave.
 * @see https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
 */
export function asCustomTool(tool: Tool): Tool | undefined {
  const [, kind = '', date = ''] = /^([a-z_]+)_(\d{8})$/.exec(tool.type ?? '') ?? []
  const { name = '' } = tool
  const settings = new Map<string, unknown>(Object.entries(tool))
  switch (kind) {
    case 'bash':
      return { name, description: BASH, input_schema: bash() }
    case 'text_editor':
      return { name, description: editorText(settings), input_schema: editor(date) }
    case 'memory':
      return { name, description: MEMORY, input_schema: memory() }
    case 'computer':
      return { name, description: screenText(settings), input_schema: computer(date, settings) }
    default:
      return undefined
  }
}

const BASH = 'Run a command in a bash session that goes on from call to call.'

function bash(): Schema {
  const restart = { type: 'boolean', description: 'Start the session anew, instead of a command' }
  return { type: 'object', properties: { command: TEXT, restart } }
}

function editorText(settings: ReadonlyMap<string, unknown>): string {
  const most = settings.get('max_characters')
  const limit = typeof most === 'number' ? ` It shows ${most} characters of a file at most.` : ''
  return `View, create and edit text files; view lists a folder. str_replace replaces old_str, which must be in the file exactly once, by new_str; insert puts text after the line insert_line, 0 for the beginning.${limit}`
}

function editor(date: string): Schema {
  // With Claude 4 the model lost undo_edit, and names the text of an insert by itself.
  const isOld = date < '20250429'
  const commands = ['view', 'create', 'str_replace', 'insert', ...(isOld ? ['undo_edit'] : [])]
  return {
    type: 'object',
    properties: {
      command: { type: 'string', enum: commands },
      path: TEXT,
      ...{ file_text: TEXT, old_str: TEXT, new_str: TEXT, insert_line: WHOLE },
      ...(isOld ? {} : { insert_text: TEXT }),
      view_range: RANGE,
    },
    required: ['command', 'path'],
  }
}

const MEMORY =
  'Keep notes in files under /memories from one conversation to the next: view them before a task, and record progress.'

function memory(): Schema {
  const commands = ['view', 'create', 'str_replace', 'insert', 'delete', 'rename']
  return {
    type: 'object',
    properties: {
      command: { type: 'string', enum: commands },
      path: TEXT,
      ...{ file_text: TEXT, old_str: TEXT, new_str: TEXT, insert_line: WHOLE, insert_text: TEXT },
      ...{ view_range: RANGE, old_path: TEXT, new_path: TEXT },
    },
    required: ['command'],
  }
}

function screenText(settings: ReadonlyMap<string, unknown>): string {
  const [width, height, display] = ['display_width_px', 'display_height_px', 'display_number'].map(
    (name) => settings.get(name),
  )
  const which = typeof display === 'number' ? ` It is display ${display}.` : ''
  return `Use a computer by its screen, mouse and keyboard. The screen is ${width} pixels wide and ${height} high.${which} Take a screenshot to see what an action did.`
}

const FIRST_ACTIONS = [
  ...['screenshot', 'cursor_position', 'mouse_move', 'left_click', 'right_click', 'middle_click'],
  ...['double_click', 'left_click_drag', 'key', 'type'],
]
const LATER_ACTIONS = [
  ...['left_mouse_down', 'left_mouse_up', 'triple_click', 'scroll', 'hold_key', 'wait'],
]

function computer(date: string, settings: ReadonlyMap<string, unknown>): Schema {
  const isFirst = date < '20250124'
  const zooms = settings.get('enable_zoom') === true
  const later = isFirst ? [] : LATER_ACTIONS
  const region = { type: 'array', items: WHOLE, description: 'x0, y0, x1 and y1 of a zoom' }
  return {
    type: 'object',
    properties: {
      action: { type: 'string', enum: [...FIRST_ACTIONS, ...later, ...(zooms ? ['zoom'] : [])] },
      coordinate: POINT,
      text: { type: 'string', description: 'What to type, or the key, or keys such as ctrl+s' },
      ...(isFirst ? {} : SINCE_2025),
      ...(zooms ? { region } : {}),
    },
    required: ['action'],
  }
}

const SINCE_2025 = {
  start_coordinate: POINT,
  scroll_direction: { type: 'string', enum: ['up', 'down', 'left', 'right'] },
  scroll_amount: WHOLE,
  duration: { type: 'number', description: 'Seconds' },
}
