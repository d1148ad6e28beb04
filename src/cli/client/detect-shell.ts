import { readFileSync } from 'node:fs'
import type { CommandContext } from '../command.ts'

const NAMES: Readonly<Record<string, string>> = {
  bash: 'bash',
  sh: 'bash',
  dash: 'bash',
  ksh: 'bash',
  zsh: 'zsh',
  fish: 'fish',
  pwsh: 'powershell',
  powershell: 'powershell',
}

/** The shell that most likely reads the answer: the one that started us, else the user's own. */
export function detectShell(
  env: CommandContext['env'],
  platform: NodeJS.Platform = process.platform,
  parent: string | undefined = parentName(),
): string {
  // Only cmd has a PROMPT there.
  if (platform === 'win32') return env.PROMPT === undefined ? 'powershell' : 'cmd'
  const own = env.SHELL?.split('/').at(-1)
  for (const name of [parent, own]) {
    const known = name === undefined ? undefined : NAMES[name.replace(/^-/, '')]
    if (known !== undefined) return known
  }
  return 'bash'
}

/** The name of the process that started this one, where the system tells without another process. */
function parentName(): string | undefined {
  try {
    return readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}
