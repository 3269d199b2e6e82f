/** How a run meets others: files that other programs hold, change folders that another run works on, and what killed runs left. */

import type { Leftover, Maker } from '../change/folder-files.ts';
import type { LockOptions } from '../change/folder-lock.ts';
import { type Patience, patienceOf } from '../files/patience.ts';
import { visible } from '../terminal/visible.ts';
import type { Context } from './context.ts';
import type { Output } from './output.ts';

/** Waits for what another program holds for a moment, and says so, once for each file. */
export function patienceShowing({ platform, sleep }: Context, output: Output): Patience {
  const shown = new Set<string>();
  return patienceOf(platform, sleep, (on) => {
    if (shown.has(on)) return;
    shown.add(on);
    output.tell(`  ${output.style.dim(visible(`Waiting: another program holds ${on}`))}`);
  });
}

/** How this process holds a change folder. */
export function lockOptionsOf(context: Context, output: Output): LockOptions {
  const { process, now } = context;
  return {
    holder: { process: process.id, host: process.host, since: now().toISOString() },
    isRunning: process.isRunning,
    patience: patienceShowing(context, output),
  };
}

/** This process, as what it writes is named until it is whole. */
export function makerOf({ process, randomId }: Context): Maker {
  return { ...process, randomId };
}

export function tellLeftovers(leftovers: readonly Leftover[], output: Output): void {
  for (const { path, cameBack } of leftovers) {
    output.tell(
      cameBack === undefined
        ? `  Removed what an interrupted run left: ${visible(path)}`
        : `  ${output.style.warning('warning')}  An interrupted run left ${visible(path)}, which cannot be removed: ${visible(cameBack)}`,
    );
  }
}
