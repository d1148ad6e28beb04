import type { DemoModel } from './models.ts'

/** A tool that the demo may call, whichever wire it came in on. */
export interface DemoTool {
  readonly name: string
  /** JSON Schema of the input; of a custom tool, which takes one text, undefined. */
  readonly schema: Record<string, unknown> | undefined
}

/** What a tool answered. */
export interface ToolOutcome {
  readonly name: string
  readonly text: string
  readonly failed: boolean
}

/** Whether and which tool must be called. */
export type ToolDemand =
  | { readonly type: 'auto' | 'any' | 'none' }
  | { readonly type: 'tool'; readonly name: string }

/** One request, read from any wire: everything that decides what the demo answers. */
export interface DemoTurn {
  readonly model: DemoModel
  /** The last real text of the user, without reminders and other client-made tags. */
  readonly prompt: string
  /** Results of the tools called since the prompt; empty when the user spoke last. */
  readonly outcomes: readonly ToolOutcome[]
  /** Rounds of tool calls since the prompt. */
  readonly rounds: number
  readonly attachments: number
  readonly tools: readonly DemoTool[]
  readonly demand: ToolDemand
  readonly parallel: boolean
  readonly thinking: 'off' | 'shown' | 'omitted'
  readonly stops: readonly string[]
  readonly maxTokens: number
  /** Schema that the answer must satisfy; `{}` for any JSON object. */
  readonly schema: Record<string, unknown> | undefined
  /** Uncached part of the prompt. */
  readonly inputTokens: number
  readonly cacheWrite: number
  readonly cacheRead: number
}
