import type { Tool } from '../../protocol/messages/schema.ts'

/** The name of the MCP server of the caller's tools. */
export const CALLER_SERVER = 'caller'

/** How much a Claude Code thinks, as the Agent SDK takes it. */
export type Thinking =
  | { readonly type: 'adaptive' }
  | { readonly type: 'enabled'; readonly budgetTokens: number }
  | { readonly type: 'disabled' }

/** How hard a model tries, weakest first. */
export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const
/** One of them. */
export type Effort = (typeof EFFORTS)[number]

/** All that is fixed when a Claude Code starts: who has the same can be served by the same process. */
export interface Launch {
  /** The caller's system prompt; beside it Claude Code's own where its own tools are there. */
  readonly system: string
  /** Claude Code's own tools: all of them, or these. */
  readonly ownTools: 'all' | readonly string[]
  readonly callerTools: readonly CallerTool[]
  readonly thinking: Thinking
}

/** What a running Claude Code can be told anew before each turn. */
export interface Tuning {
  readonly model: string
  readonly effort: Effort | undefined
  /** The limit of each answer, tokens. */
  readonly maxTokens: number | undefined
  /** Fields of the API's body that Claude Code has no setting of its own for. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A tool that the caller runs itself, as its request names it. */
export interface CallerTool {
  readonly name: string
  readonly description: string
  readonly schema: NonNullable<Tool['input_schema']>
}

/** The name under which launches are found again. */
export function launchKey(launch: Launch): string {
  return Bun.hash(JSON.stringify(launch)).toString(36)
}

/** Whether Claude Code's own tools stay away, so that the caller's can have their plain names. */
export function plainNames(launch: Launch): boolean {
  return launch.ownTools !== 'all' && launch.ownTools.length === 0
}

/** What Claude Code puts before the name of a caller's tool. */
export function callerPrefix(launch: Launch): string {
  return plainNames(launch) ? '' : `mcp__${CALLER_SERVER}__`
}

/** The caller's name of a tool as Claude Code calls it; undefined for tools of its own. */
export function callerNames(launch: Launch): (name: string) => string | undefined {
  const own = new Set(launch.callerTools.map(({ name }) => name))
  const prefix = callerPrefix(launch)
  return (name) => {
    if (!name.startsWith(prefix)) return undefined
    const plain = name.slice(prefix.length)
    return own.has(plain) ? plain : undefined
  }
}
