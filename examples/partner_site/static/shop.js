// Shows the model's words as they come. Without JavaScript the form opens the answer as a page of its own.
const form = document.getElementById("chat");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = document.getElementById("answer");
  const button = form.querySelector("button");
  answer.textContent = "";
  answer.className = "busy";
  button.disabled = true;
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) answer.textContent += part.value;
    answer.className = response.ok ? "done" : "failed";
  } catch {
    answer.textContent += " (the connection was lost)";
    answer.className = "failed";
  } finally {
    button.disabled = false;
  }
});
