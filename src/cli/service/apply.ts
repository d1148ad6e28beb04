import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { readFromDisk } from '../../config/paths.ts'
import { messageOf, ProxyError } from '../../kit/error.ts'
import type { CommandContext } from '../command.ts'
import { runProgram } from './run-program.ts'
import type { ServiceFile, ServicePlan, Step } from './service-plan.ts'

const RETRY_MS = 500

/** What became of a file. */
export type FileChange = 'wrote' | 'unchanged' | 'kept' | 'removed'

/** Writes the plan's files; a second time nothing changes. */
export function writeFiles({ files, folders = [] }: ServicePlan): [ServiceFile, FileChange][] {
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 })
  return files.map((file) => [file, writeOne(file)])
}

function writeOne({ path, text, mode, own }: ServiceFile): FileChange {
  try {
    if (own === true && existsSync(path)) return 'kept'
    if (readFromDisk(path) === text) return 'unchanged'
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode })
    chmodSync(path, mode)
    return 'wrote'
  } catch (error) {
    throw new ProxyError('internal', `Cannot write "${path}": ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Removes the plan's files, but for those that are the user's own. */
export function removeFiles({ files }: ServicePlan): [ServiceFile, FileChange][] {
  return files
    .filter(({ path }) => existsSync(path))
    .map((file) => {
      if (file.own === true) return [file, 'kept']
      rmSync(file.path)
      return [file, 'removed']
    })
}

/** Runs one step after the other; throws with the program's own words where one fails. */
export async function runSteps(context: CommandContext, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await runStep(context, step)
}

async function runStep(context: CommandContext, step: Step): Promise<void> {
  const { command, mayFail = false, tries = 1 } = step
  for (let left = tries; ; left -= 1) {
    const { exitCode, stderr } = await runProgram(context, command)
    if (exitCode === 0 || mayFail) return
    if (left > 1) {
      await Bun.sleep(RETRY_MS)
      continue
    }
    const said = stderr.trim().split('\n')[0] || `exit code ${exitCode}`
    throw new ProxyError('unavailable', `"${command.join(' ')}" failed: ${said}`)
  }
}
