// The console works without this; with it, values can be copied and addresses are checked while they are written.
const copyText = (element) => element.value ?? element.textContent;
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break; // only pages on https and on this machine may write there
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(copyText(document.getElementById(button.dataset.copy)));
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

const show = (list, addresses) => {
  list.replaceChildren(...addresses.filter((one) => one.problem).map((one) => {
    const item = document.createElement("li");
    const address = document.createElement("span");
    address.className = "hub-code";
    address.textContent = one.address;
    item.append(address, ` – ${one.problem}`);
    return item;
  }));
};

for (const field of document.querySelectorAll("[data-check]")) {
  const list = document.querySelector(`[data-problems="${field.id}"]`);
  const token = field.form.elements.csrf_token.value;
  let timer, last;
  const check = async () => {
    const asked = last = {};
    const body = new URLSearchParams({ csrf_token: token, redirect_uris: field.value });
    const answer = await fetch(field.dataset.check, { method: "POST", body, redirect: "error" }).catch(() => null);
    if (answer?.ok && asked === last) show(list, (await answer.json()).addresses);
  };
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(check, 400); });
}
