import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, relative, resolve } from 'node:path'
import { type CommandContext, type CommandInput, UsageError } from '../command.ts'

/** The program that the service starts: this one, by its real path, or the one that `--binary` names. */
export function serviceBinary(context: CommandContext, input: CommandInput, system: boolean) {
  const named = input.flags.binary
  if (named !== undefined) return resolve(context.cwd, named)
  const [file = process.execPath, ...more] = context.ownCommand ?? []
  if (more.length > 0) {
    throw new UsageError(
      'This ccproxy runs from its source, which is no place for a service: use the binary, or name one with --binary',
    )
  }
  const path = realpathSync(file)
  if (['/tmp', '/var/tmp', tmpdir()].some((folder) => isBelow(path, folder))) {
    throw new UsageError(
      `"${path}" is in a folder for temporary files: move ccproxy to ${system ? '/usr/local/bin' : '~/.local/bin'} and run it from there`,
    )
  }
  const homes = ['/home', '/root', context.home]
  if (system && homes.some((folder) => isBelow(path, folder))) {
    throw new UsageError(
      `"${path}" is in a home, which the system's service cannot see: move ccproxy to /usr/local/bin and run it from there`,
    )
  }
  return path
}

function isBelow(path: string, folder: string): boolean {
  const within = relative(folder, path)
  return within !== '' && !within.startsWith('..') && !isAbsolute(within)
}
