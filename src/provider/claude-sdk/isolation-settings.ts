import type { ClaudeSdkOptions, SdkTable } from './claude-sdk-options.ts'
import type { IsolationOptions } from './isolation-options.ts'

/** What it is read from. */
export interface IsolationSource extends Pick<ClaudeSdkOptions, 'dataDir' | 'configDir'> {
  readonly settings: Pick<SdkTable, 'isolation' | 'docker' | 'bubblewrap' | 'add_dirs'>
}

/** What Claude Code runs in by these settings. */
export function isolationOf({ settings, dataDir, configDir }: IsolationSource): IsolationOptions {
  const { isolation: kind, docker, bubblewrap, add_dirs: addDirs } = settings
  const { cli_path: cliPath, image, user, command, mounts, network, args } = docker
  return {
    kind,
    docker: { image, command, cliPath, mounts, user, network, args },
    bubblewrap,
    addDirs,
    hidden: [configDir, dataDir],
  }
}
