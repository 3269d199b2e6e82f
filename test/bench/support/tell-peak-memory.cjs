/* Loaded into a measured Node process: at its end it writes its peak resident memory, in MB, where it is told to. */

const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => {
  writeFileSync(process.env.ADSI_REMEDY_PEAK_FILE, String(peakKilobytes() / 1024));
});

function peakKilobytes() {
  // On Linux maxRSS counts the process that this one was forked from as well; VmHWM does not.
  if (process.platform === 'linux') {
    const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return Number(peak);
  }
  return process.resourceUsage().maxRSS;
}
