"""What a bundle's pages say, in English and in Chinese."""

from typing import Any, Final

from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.depositing import Clock, Unverified
from imgmatch.evidence.material import Check, CheckOutcome, MaterialKind, Party
from imgmatch.evidence.precedence import Priority
from imgmatch.results import Direction, EditKind, Verdict

__all__ = ["CHINESE_EDITS", "WORDS"]

_ENGLISH = {
    "title": "Evidence on a listing picture",
    "by": "Made by imgmatch {imgmatch} on {made}",
    "licensed": "The use is licensed: licence {licence_id}, from {begins} to {ends}. "
    "No complaint should rest on this page.",
    "redacted": "Parts of the pictures were blacked out before they were compared. "
    "The verdict is about what is left.",
    "compared": "What was compared",
    "original": "Registered original",
    "suspect": "Listing picture",
    "url": "Address",
    "listing_id": "Listing id",
    "seller": "Seller id",
    "fetched": "Fetched",
    "first_seen": "First seen",
    "reference_id": "Original's id",
    "owner": "Owner's reference",
    "work": "Work",
    "registered": "Registered",
    "published": "First published",
    "size": "Size",
    "sha256": "SHA-256",
    "pixels": "{0} x {1} pixels",
    "as_stated": "Addresses and times of the listing are as whoever made this bundle "
    "stated them.",
    "found": "What was found",
    "original_caption": "The registered original. Outlined: the part that the listing "
    "picture shows. The rest is dimmed.",
    "suspect_caption": "The listing picture. Green outline: where the original is. "
    "Orange: what was drawn over it.",
    "original_shared": "The registered original. Boxed: what the listing picture "
    "shows too.",
    "suspect_shared": "The listing picture, another photograph. Boxed: what the two "
    "share.",
    "original_plain": "The registered original.",
    "suspect_plain": "The listing picture.",
    "windows": "Of {textured} places with structure to compare, {agreeing} agree and "
    "{conflicting} conflict.",
    "kept": "Original shown",
    "covered": "Listing picture covered",
    "edits": "What was done",
    "direction": "Direction",
    "see": "See for yourself",
    "agreement_caption": "Green: the two pictures agree. Orange: they conflict. "
    "Untinted: nothing to compare.",
    "warped_caption": "The original, laid onto the listing picture by the mapping that "
    "was found.",
    "difference_caption": "What differs between that and the listing picture: white is "
    "equal, dark is different. Outside the original nothing is compared.",
    "sure": "How sure this is",
    "score": "Score",
    "score_note": "The score is a log-odds of derivation among the pairs it was fitted "
    "to; {derived} and more counts as derived if all other conditions hold.",
    "false_accusations": "Expected false accusations",
    "one_in": "fewer than 1 in {0} comparisons like this one",
    "false_note": "This bounds how many of the {originals} registered originals, if "
    "all were unrelated to the listing picture, would score as high. It rests on "
    "{pairs} unrelated pairs, of which none scored above {floor}, and is extrapolated "
    "from there. It says nothing of another photograph of the same thing, which other "
    "rules are for, and it is no probability that this finding is wrong.",
    "no_false": "No accusation is made, so no rate of false ones is stated.",
    "times": "Deposits and times",
    "no_deposit": "No deposit was handed in with this bundle.",
    "deposit": "Deposit {number}",
    "deposited": "Existed on",
    "authority": "Authority",
    "depositor": "Depositor's reference",
    "verified": "Token checked when this bundle was made",
    "stated_time": "Time as stated",
    "unverified": {
        Unverified.NO_TOKEN: "There is no token: the time is what somebody stated.",
        Unverified.NO_ROOT: "The token was not checked: no root certificate was named.",
        Unverified.UNSUPPORTED: "The token was not checked: its algorithms cannot be "
        "checked here.",
    },
    "renewal": "Renewal",
    "renewal_of": "stamps over token {0}…",
    "existence": "A time shows that a file existed by then. It does not show who made "
    "it.",
    "material": "Further material",
    "no_material": "None was handed in.",
    "attached": "in this bundle",
    "digest_only": "not in this bundle, named by its digest",
    "limits": "What this does not say",
    "limits_text": "The verdict is about pixels. It does not say who took the "
    "photograph, who may use it, or whether the use is allowed. imgmatch delivers the "
    "material; people decide.",
    "check": "How to check this",
    "check_text": "With Python and the package imgmatch-copy-detection[evidence] "
    "installed, run: imgmatch evidence check BUNDLE.zip --root ROOT.pem. It checks the "
    "digest of every file and every token against the root certificate, and makes the "
    "verdict again from the files in the bundle.",
    "held": "The suspect is in the bundle with the bytes that were compared. Of the "
    "original it holds the reduced picture and the features that the comparison used, "
    "and {copy}.",
    "copy_registry": "no further copy",
    "copy_reduced": "a reduced copy with nothing but pixels",
    "copy_exact": "the file itself",
    "versions": "Versions",
    "registry_id": "Registry",
    "registry_value": "{originals} originals, {id}",
    "page": "Page {0}",
    "colon": ": ",
    "semicolon": "; ",
    "claim": {
        ClaimKind.PICTURE: "The listing picture shows the registered photograph "
        "itself, the same exposure.",
        ClaimKind.OVERLAY: "Only a mark, banner, badge or page is shared. The listing "
        "shows another photograph: this is not a stolen picture.",
        ClaimKind.NONE: "Nothing here bears a complaint.",
    },
    "verdict": {
        Verdict.DERIVED: "Derived from the original",
        Verdict.REVIEW: "Strong signs, but a human must look",
        Verdict.SHARED_OVERLAY: "Only an overlay is shared",
        Verdict.SAME_SUBJECT: "The same subject in another photograph",
        Verdict.UNRELATED: "Unrelated",
    },
    "directions": {
        Direction.CONSISTENT: "The listing picture could have been made from the "
        "registered file. That proves nothing.",
        Direction.CONTRADICTS: "The listing picture shows more than the registered "
        "file: it was not made from that file.",
        Direction.UNKNOWN: "Not known.",
    },
    "priority": {
        Priority.DEPOSIT_FIRST: "The deposit is earlier than the listing's first "
        "appearance.",
        Priority.LISTING_FIRST: "The listing appeared before the deposit.",
        Priority.UNKNOWN: "Whether deposit or listing came first is not known.",
    },
    "before_publication": {
        Priority.DEPOSIT_FIRST: "The deposit is earlier than the owner's own "
        "publication.",
        Priority.LISTING_FIRST: "The owner had published the picture before the "
        "deposit.",
    },
    "clock": {
        Clock.CREDIT: "Service paid until",
        Clock.FILING: "Filing kept until",
        Clock.CERTIFICATE: "Certificate valid until",
    },
    "party": {Party.OWNER: "owner", Party.RESPONDENT: "respondent"},
    "kind": {kind: kind.replace("_", " ") for kind in MaterialKind},
    "checks": {
        Check.FINER_THAN_SUSPECT: "the listing picture could be made from it",
        Check.SHOWS_MORE: "the same exposure, with more in the frame",
        Check.ANOTHER_FRAME: "the same scene in another exposure",
        Check.SAME_CAMERA_AND_TIME: "same camera, same shoot by the clock",
        Check.CONTENT_CREDENTIALS: "content credentials hold",
    },
    "outcome": {
        CheckOutcome.SUPPORTS: "supported",
        CheckOutcome.CONTRADICTS: "contradicted",
        CheckOutcome.OPEN: "open",
    },
}

_CHINESE = {
    "title": "商品图片比对证据",
    "by": "由 imgmatch {imgmatch} 于 {made} 生成",
    "licensed": "该使用已获授权：许可 {licence_id}，自 {begins} 至 {ends}。"
    "不应依据本页提出投诉。",
    "redacted": "比对前，图片的部分区域已涂黑。结论只针对未涂黑的部分。",
    "compared": "比对对象",
    "original": "登记原图",
    "suspect": "商品图片",
    "url": "网址",
    "listing_id": "商品编号",
    "seller": "卖家编号",
    "fetched": "抓取时间",
    "first_seen": "首次出现",
    "reference_id": "原图编号",
    "owner": "权利人代号",
    "work": "作品",
    "registered": "登记时间",
    "published": "首次发表",
    "size": "尺寸",
    "sha256": "SHA-256",
    "pixels": "{0} x {1} 像素",
    "as_stated": "商品的网址与时间由制作本证据包的人提供。",
    "found": "比对结果",
    "original_caption": "登记原图。框内是商品图片中出现的部分，其余变暗。",
    "suspect_caption": "商品图片。绿框为原图所在位置，橙框为叠加在上面的内容。",
    "original_shared": "登记原图。框内是商品图片中也有的内容。",
    "suspect_shared": "商品图片，是另一张照片。框内是两图共用的内容。",
    "original_plain": "登记原图。",
    "suspect_plain": "商品图片。",
    "windows": "在 {textured} 处有可比内容的位置中，{agreeing} 处一致，"
    "{conflicting} 处冲突。",
    "kept": "原图出现的比例",
    "covered": "占商品图片的比例",
    "edits": "所作改动",
    "direction": "派生方向",
    "see": "请您自行查看",
    "agreement_caption": "绿色：两图一致。橙色：两图冲突。未着色：没有可比内容。",
    "warped_caption": "按照找到的对应关系，将原图叠放到商品图片上的样子。",
    "difference_caption": "上图与商品图片的差异：白色表示相同，深色表示不同。"
    "原图范围之外不作比较。",
    "sure": "把握有多大",
    "score": "得分",
    "score_note": "得分是在拟合所用图片对上“由原图派生”的对数几率；其他条件均满足时，"
    "达到 {derived} 即判为派生。",
    "false_accusations": "预期误判数",
    "one_in": "每 {0} 次同样的比对少于 1 次",
    "false_note": "假设登记的 {originals} 幅原图全都与商品图片无关，"
    "此数是其中得分同样高者的数量上限。它以 {pairs} 对无关图片为依据"
    "（其中没有一对得分高于 {floor}），并由此外推。"
    "它不涉及同一物品的另一张照片（那由其他规则处理），也不是本结论出错的概率。",
    "no_false": "未作侵权判断，因此不给出误判率。",
    "times": "存证与时间",
    "no_deposit": "本证据包未附存证。",
    "deposit": "存证 {number}",
    "deposited": "存在时间",
    "authority": "存证机构",
    "depositor": "存证人代号",
    "verified": "制作本证据包时已验证时间戳",
    "stated_time": "所述时间",
    "unverified": {
        Unverified.NO_TOKEN: "没有时间戳：时间由登记人自行陈述。",
        Unverified.NO_ROOT: "时间戳未验证：未指定根证书。",
        Unverified.UNSUPPORTED: "时间戳未验证：此处无法验证其算法。",
    },
    "renewal": "续期",
    "renewal_of": "对时间戳 {0}… 再次加盖",
    "existence": "时间只证明文件当时已经存在，不证明作者是谁。",
    "material": "其他材料",
    "no_material": "未提交其他材料。",
    "attached": "已附在证据包内",
    "digest_only": "未附在证据包内，仅记录其摘要",
    "limits": "本页不说明什么",
    "limits_text": "结论只针对像素。它不说明照片由谁拍摄、谁有权使用、"
    "该使用是否获准。imgmatch 提供材料，由人作出决定。",
    "check": "如何核验",
    "check_text": "安装 Python 与 imgmatch-copy-detection[evidence] 后运行："
    "imgmatch evidence check BUNDLE.zip --root ROOT.pem。"
    "该命令核对每个文件的摘要，用根证书验证每个时间戳，"
    "并用证据包内的文件重新得出结论。",
    "held": "证据包内的商品图片即参与比对的文件。"
    "原图方面，包内有比对所用的缩小图与特征，另有：{copy}。",
    "copy_registry": "无其他副本",
    "copy_reduced": "只含像素的缩小副本",
    "copy_exact": "原始文件",
    "versions": "软件版本",
    "registry_id": "登记库",
    "registry_value": "{originals} 幅原图，{id}",
    "page": "第 {0} 页",
    "colon": "：",
    "semicolon": "；",
    "claim": {
        ClaimKind.PICTURE: "商品图片展示的就是登记的照片本身，即同一次拍摄。",
        ClaimKind.OVERLAY: "两图只共用水印、横幅、徽标或页面。"
        "商品展示的是另一张照片：这不是盗图。",
        ClaimKind.NONE: "本页内容不足以支持投诉。",
    },
    "verdict": {
        Verdict.DERIVED: "由原图派生",
        Verdict.REVIEW: "迹象明显，但须人工复核",
        Verdict.SHARED_OVERLAY: "仅共用叠加内容",
        Verdict.SAME_SUBJECT: "同一拍摄对象的另一张照片",
        Verdict.UNRELATED: "无关",
    },
    "directions": {
        Direction.CONSISTENT: "商品图片可能由登记文件制成。这不构成证明。",
        Direction.CONTRADICTS: "商品图片的内容多于登记文件：它不是由该文件制成的。",
        Direction.UNKNOWN: "未知。",
    },
    "priority": {
        Priority.DEPOSIT_FIRST: "存证早于商品首次出现。",
        Priority.LISTING_FIRST: "商品出现早于存证。",
        Priority.UNKNOWN: "存证与商品何者在先，尚不清楚。",
    },
    "before_publication": {
        Priority.DEPOSIT_FIRST: "存证早于权利人自己的发表。",
        Priority.LISTING_FIRST: "存证之前，权利人已发表该图片。",
    },
    "clock": {
        Clock.CREDIT: "服务费有效至",
        Clock.FILING: "备案保存至",
        Clock.CERTIFICATE: "证书有效至",
    },
    "party": {Party.OWNER: "权利人", Party.RESPONDENT: "被投诉方"},
    "kind": {
        MaterialKind.ORIGINAL: "原始文件",
        MaterialKind.FULL_FRAME: "全幅画面",
        MaterialKind.SERIES: "同组照片",
        MaterialKind.BEHIND_THE_SCENES: "拍摄花絮",
        MaterialKind.MODEL_CONTRACT: "模特合同",
        MaterialKind.RELATIONSHIP_PROOF: "关系证明",
        MaterialKind.SHOOTING_CONTRACT: "拍摄合同",
        MaterialKind.ARTWORK_REGISTRATION: "作品登记",
        MaterialKind.BRAND_PAGE: "品牌页面",
        MaterialKind.CATALOGUE: "产品目录",
        MaterialKind.LICENCE: "授权书",
        MaterialKind.OTHER: "其他",
    },
    "checks": {
        Check.FINER_THAN_SUSPECT: "商品图片可由其制成",
        Check.SHOWS_MORE: "同一次拍摄，画面更全",
        Check.ANOTHER_FRAME: "同一场景的另一次拍摄",
        Check.SAME_CAMERA_AND_TIME: "相机与时间显示为同一组拍摄",
        Check.CONTENT_CREDENTIALS: "内容凭证有效",
    },
    "outcome": {
        CheckOutcome.SUPPORTS: "支持",
        CheckOutcome.CONTRADICTS: "不符",
        CheckOutcome.OPEN: "未定",
    },
}

CHINESE_EDITS = {
    EditKind.CROP: "裁剪",
    EditKind.MIRROR: "左右翻转",
    EditKind.ROTATION: "旋转 {amount:.0f}°",
    EditKind.RESIZE: "缩放至 {percent:.0f} %",
    EditKind.STRETCH: "拉伸（横纵比例 {amount:.2f}）",
    EditKind.PERSPECTIVE: "透视变形",
    EditKind.INSET: "嵌入更大的图片中，占 {percent:.0f} %",
    EditKind.OVERLAY_ADDED: "叠加了内容（{count} 处）",
    EditKind.OVERLAY_REMOVED: "去除或遮盖了原有标记（{count} 处）",
    EditKind.RECOLOUR: "调整颜色",
}

WORDS: Final[dict[str, dict[str, Any]]] = {"en": _ENGLISH, "zh": _CHINESE}
