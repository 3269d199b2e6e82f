/**
 * Does something after so many milliseconds, unless the function that it gives is called before. Where this process was
 * busy when the time ran out, what had come by then is read first.
 */
export function afterSilence(milliseconds: number, action: () => void): () => void {
  let isCancelled = false;
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!isCancelled) action();
    });
  }, milliseconds);
  return () => {
    isCancelled = true;
    clearTimeout(timer);
  };
}
