/** Puts a file to its presigned address, with progress (which fetch cannot tell). */
export function putFile(
  url: string, headers: Record<string, string>, file: Blob, onProgress: (share: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve();
      else reject(new Error(`The storage refused the file (HTTP ${request.status}).`));
    });
    request.addEventListener("error", () => reject(new Error("The upload was cut off. Check your connection and try again.")));
    request.send(file);
  });
}
