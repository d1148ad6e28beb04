import { existsSync } from 'node:fs'
import type { Loaded } from '../config/load.ts'
import { credentialsPath } from '../config/paths.ts'
import type { CommandContext } from './command.ts'
import { columns, styleOf } from './style.ts'

/** Whether nobody has told ccproxy yet through what requests go. */
export function isFirstRun({ env, home }: CommandContext, { file, sources }: Loaded): boolean {
  if (file !== undefined) return false
  const told = [...sources].some(
    ([key, source]) => source !== 'default' && /^(providers|routing)\./.test(key),
  )
  return !told && !existsSync(credentialsPath(env, home))
}

/** The ways to go on from there, in five lines. */
export function firstRunText(context: CommandContext, url: string): string {
  const { bold, dim } = styleOf(context, context.stderr)
  const rows = [
    ['demo', 'ccproxy demo --serve', 'no account: an embedded upstream answers'],
    ['API key', 'ANTHROPIC_API_KEY=sk-ant-… ccproxy', "Anthropic's API"],
    ['gateway', 'UPSTREAM_BASE_URL=https://… ccproxy', 'any OpenAI-compatible API'],
    ['plan login', 'ccproxy auth login', 'your Claude plan; explains its terms first'],
    ['SDK', `ANTHROPIC_BASE_URL=${url}/sdk`, 'your own signed-in Claude Code answers'],
  ]
  const title = bold('Nothing is configured yet. Ways to go on:')
  const last = dim(
    '"ccproxy config init" asks and writes it down; clients with a key of their own work already',
  )
  return `${title}\n${columns(rows)}\n${last}\n`
}
