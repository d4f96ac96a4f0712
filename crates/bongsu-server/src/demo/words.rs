//! What people on a rental marketplace are called, rent out and say, in Korean and English.

/// A language of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Korean,
    English,
}

/// Something for rent.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) language: Language,
    pub(super) emoji: &'static str,
    pub(super) title: &'static str,
    /// Won or dollars a day.
    pub(super) price: u32,
}

/// Who speaks a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Renter,
    Lender,
}

use Language::{English, Korean};
use Side::{Lender, Renter};

/// Id and name of the people, Koreans first.
pub(super) const PEOPLE: [(&str, &str); 100] = people();

const fn people() -> [(&'static str, &'static str); 100] {
    [
        ("minji", "김민지"),
        ("seojun", "이서준"),
        ("hayoon", "박하윤"),
        ("doyun", "최도윤"),
        ("jiwoo", "정지우"),
        ("siwoo", "강시우"),
        ("subin", "조수빈"),
        ("yejun", "윤예준"),
        ("chaewon", "장채원"),
        ("junho", "임준호"),
        ("eunseo", "한은서"),
        ("hyunwoo", "오현우"),
        ("dahyun", "서다현"),
        ("jihoon", "신지훈"),
        ("sooah", "권수아"),
        ("taeyang", "황태양"),
        ("nayeon", "안나연"),
        ("minjae", "송민재"),
        ("yuna", "류유나"),
        ("sungmin", "홍성민"),
        ("haeun", "전하은"),
        ("woojin", "고우진"),
        ("bora", "문보라"),
        ("donghyun", "손동현"),
        ("sohee", "양소희"),
        ("jaehyun", "배재현"),
        ("gayoung", "백가영"),
        ("kyungsoo", "허경수"),
        ("mirae", "남미래"),
        ("insung", "심인성"),
        ("hyejin", "노혜진"),
        ("jungwoo", "하정우"),
        ("sera", "곽세라"),
        ("youngho", "성영호"),
        ("ara", "차아라"),
        ("byungchul", "주병철"),
        ("eunji", "우은지"),
        ("gunwoo", "구건우"),
        ("haneul", "나하늘"),
        ("jisoo", "민지수"),
        ("kibum", "유기범"),
        ("leehyun", "진이현"),
        ("mina", "지미나"),
        ("okja", "엄옥자"),
        ("pildong", "채필동"),
        ("raon", "원라온"),
        ("sangmi", "천상미"),
        ("taeho", "방태호"),
        ("wonhee", "공원희"),
        ("yeseul", "현예슬"),
        ("alice", "Alice Moreau"),
        ("ben", "Ben Carter"),
        ("chloe", "Chloe Nguyen"),
        ("daniel", "Daniel Okafor"),
        ("emma", "Emma Lindqvist"),
        ("felix", "Felix Braun"),
        ("grace", "Grace Kim"),
        ("henry", "Henry Walsh"),
        ("isla", "Isla Campbell"),
        ("jack", "Jack Rivera"),
        ("kira", "Kira Novak"),
        ("liam", "Liam O'Connor"),
        ("maya", "Maya Patel"),
        ("noah", "Noah Fischer"),
        ("olivia", "Olivia Rossi"),
        ("peter", "Peter Jansen"),
        ("quinn", "Quinn Harper"),
        ("rosa", "Rosa Delgado"),
        ("sam", "Sam Whitaker"),
        ("tara", "Tara Singh"),
        ("umar", "Umar Haddad"),
        ("vera", "Vera Petrova"),
        ("will", "Will Thompson"),
        ("xenia", "Xenia Costa"),
        ("yusuf", "Yusuf Demir"),
        ("zoe", "Zoe Bennett"),
        ("adam", "Adam Kowalski"),
        ("bella", "Bella Romano"),
        ("carlos", "Carlos Mendes"),
        ("dana", "Dana Levy"),
        ("eric", "Eric Johansson"),
        ("fiona", "Fiona Burke"),
        ("george", "George Papas"),
        ("hana", "Hana Sato"),
        ("ivan", "Ivan Horvat"),
        ("julia", "Julia Weber"),
        ("kevin", "Kevin Brooks"),
        ("lena", "Lena Hoffmann"),
        ("marco", "Marco Silva"),
        ("nina", "Nina Larsen"),
        ("oscar", "Oscar Dupont"),
        ("paula", "Paula Gomez"),
        ("ryan", "Ryan Mitchell"),
        ("sofia", "Sofia Ivanova"),
        ("tom", "Tom Eriksen"),
        ("uma", "Uma Krishnan"),
        ("victor", "Victor Chen"),
        ("wendy", "Wendy Park"),
        ("yara", "Yara Aziz"),
        ("zack", "Zack Turner"),
    ]
}

/// What is for rent.
pub(super) const PRODUCTS: [Product; 24] = [
    product(Korean, "⛺", "4인용 캠핑 텐트", 25_000),
    product(Korean, "📷", "소니 A7 IV 카메라", 60_000),
    product(Korean, "🚲", "접이식 전기자전거", 30_000),
    product(Korean, "🎸", "어쿠스틱 기타", 12_000),
    product(Korean, "🪜", "접이식 사다리 3m", 8_000),
    product(Korean, "🎮", "플레이스테이션 5", 20_000),
    product(Korean, "🧳", "28인치 여행용 캐리어", 9_000),
    product(Korean, "👶", "디럭스 유모차", 15_000),
    product(Korean, "🔦", "빔프로젝터 + 스크린", 28_000),
    product(Korean, "🛠️", "전동 드릴 세트", 10_000),
    product(Korean, "🏂", "스노보드 풀세트", 35_000),
    product(Korean, "👘", "전통 한복 (여성)", 40_000),
    product(English, "🏕️", "Two-person hiking tent", 18),
    product(English, "🎥", "GoPro Hero with mounts", 22),
    product(English, "🚐", "Camper van, sleeps four", 95),
    product(English, "🏄", "Longboard 9'2\" with bag", 30),
    product(English, "🪚", "Mitre saw", 16),
    product(English, "🎤", "PA system, 2 × 300 W", 45),
    product(English, "🛶", "Inflatable kayak", 27),
    product(English, "🔭", "8-inch telescope", 33),
    product(English, "🧵", "Overlock sewing machine", 14),
    product(English, "🎛️", "DJ controller", 38),
    product(English, "🚗", "Roof box, 420 litres", 12),
    product(English, "🍷", "Forty wine glasses", 9),
];

const fn product(language: Language, emoji: &'static str, title: &'static str, price: u32) -> Product {
    Product { language, emoji, title, price }
}

/// Conversations; `{item}`, `{price}`, `{day}`, `{place}`, `{time}` are filled in.
pub(super) const TALKS: [(Language, &[(Side, &str)]); 12] = [
    (
        Korean,
        &[
            (Renter, "안녕하세요! {item} {day}에 대여 가능할까요?"),
            (Lender, "네 안녕하세요 :) {day} 가능합니다"),
            (Renter, "하루에 {price}원 맞나요?"),
            (Lender, "맞아요. 3일 이상이면 10% 할인해 드려요"),
            (Renter, "오 좋네요. 그럼 3일로 할게요"),
            (Lender, "넵! 예약 잡아둘게요 👍"),
            (Renter, "직거래는 어디서 하시나요?"),
            (Lender, "{place} 어떠세요?"),
            (Renter, "좋아요. {time}에 뵐게요"),
            (Lender, "네 그때 봬요!"),
        ],
    ),
    (
        Korean,
        &[
            (Renter, "저 지금 출발했어요"),
            (Lender, "네 저도 곧 나갈게요"),
            (Renter, "{place} 도착했습니다"),
            (Lender, "저 파란 패딩 입고 있어요"),
            (Renter, "아 보여요 ㅎㅎ"),
            (Lender, "오늘 감사했습니다! 쓰시다가 궁금한 점 있으면 편하게 연락 주세요"),
            (Renter, "네 감사합니다 🙏"),
        ],
    ),
    (
        Korean,
        &[
            (Renter, "혹시 사용법 하나만 여쭤봐도 될까요?"),
            (Lender, "네네 말씀하세요"),
            (Renter, "전원이 잘 안 켜지는데 충전을 먼저 해야 하나요?"),
            (Lender, "처음엔 10분 정도 충전하고 켜시면 돼요"),
            (Renter, "아 됐어요! 감사합니다"),
            (Lender, "다행이네요 😊"),
        ],
    ),
    (
        Korean,
        &[
            (Renter, "하루만 더 연장할 수 있을까요?"),
            (Lender, "잠시만요, 다음 예약 확인해 볼게요"),
            (Lender, "네 {day}까지 가능해요"),
            (Renter, "와 감사합니다! 추가금은 {price}원 보내드릴게요"),
            (Lender, "입금 확인했습니다~"),
        ],
    ),
    (
        Korean,
        &[
            (Renter, "반납하러 {time}쯤 갈게요"),
            (Lender, "네 {place}에서 기다릴게요"),
            (Renter, "5분 정도 늦을 것 같아요 ㅠㅠ 죄송해요"),
            (Lender, "괜찮아요 천천히 오세요"),
            (Renter, "잘 썼습니다. 상태 확인 부탁드려요"),
            (Lender, "깨끗하게 써주셨네요! 보증금 바로 돌려드릴게요"),
            (Renter, "후기 남길게요 ⭐"),
            (Lender, "저도 남겼어요. 또 이용해 주세요!"),
        ],
    ),
    (
        Korean,
        &[
            (Renter, "혹시 구성품에 삼각대도 포함인가요?"),
            (Lender, "아니요, 본품이랑 충전기만 있어요"),
            (Renter, "추가하면 얼마예요?"),
            (Lender, "5천원에 같이 빌려드릴게요"),
            (Renter, "그럼 같이 부탁드려요"),
            (Lender, "네 챙겨서 나갈게요"),
        ],
    ),
    (
        English,
        &[
            (Renter, "Hi! Is the {item} free on {day}?"),
            (Lender, "Hey, yes it is."),
            (Renter, "Great. It's {price} a day, right?"),
            (Lender, "That's right, and the third day is half price."),
            (Renter, "Perfect, three days then."),
            (Lender, "Booked for you 👍"),
            (Renter, "Where do we meet?"),
            (Lender, "{place} works best for me."),
            (Renter, "See you there at {time}."),
            (Lender, "See you!"),
        ],
    ),
    (
        English,
        &[
            (Renter, "I'm on my way"),
            (Lender, "Same, ten minutes"),
            (Renter, "I'm at {place}, by the entrance"),
            (Lender, "Red jacket, coming over"),
            (Renter, "Got you 😄"),
            (Lender, "Thanks! Message me if anything is unclear."),
        ],
    ),
    (
        English,
        &[
            (Renter, "Quick question about the {item}"),
            (Lender, "Sure, go ahead"),
            (Renter, "The green light blinks, is that normal?"),
            (Lender, "Yes, it means it's charging. Give it ten minutes."),
            (Renter, "Works now, thank you!"),
            (Lender, "Glad to hear it."),
        ],
    ),
    (
        English,
        &[
            (Renter, "Could I keep it one more day?"),
            (Lender, "Let me check the next booking…"),
            (Lender, "Yes, until {day} is fine."),
            (Renter, "You're a star. I'll send the extra {price}."),
            (Lender, "Received, thanks."),
        ],
    ),
    (
        English,
        &[
            (Renter, "Bringing it back around {time}"),
            (Lender, "I'll be at {place}."),
            (Renter, "Running five minutes late, sorry!"),
            (Lender, "No rush."),
            (Renter, "Everything's in the bag, please have a look"),
            (Lender, "All good, deposit is on its way back."),
            (Renter, "Left you five stars ⭐"),
            (Lender, "Same here. Come again!"),
        ],
    ),
    (
        English,
        &[
            (Renter, "Does it come with a case?"),
            (Lender, "Just the thing itself and the charger."),
            (Renter, "Can I add one?"),
            (Lender, "I have a spare, no charge."),
            (Renter, "That's kind, thanks!"),
            (Lender, "I'll bring it along."),
        ],
    ),
];

pub(super) const DAYS: [(Language, &str); 8] = [
    (Korean, "이번 주 토요일"),
    (Korean, "다음 주 월요일"),
    (Korean, "금요일"),
    (Korean, "26일"),
    (English, "Saturday"),
    (English, "next Monday"),
    (English, "Friday"),
    (English, "the 26th"),
];

pub(super) const PLACES: [(Language, &str); 8] = [
    (Korean, "강남역 11번 출구"),
    (Korean, "홍대입구역 9번 출구"),
    (Korean, "성수동 카페거리"),
    (Korean, "판교역 앞"),
    (English, "the station entrance"),
    (English, "the café on Mill Street"),
    (English, "the library steps"),
    (English, "my garage"),
];

pub(super) const TIMES: [(Language, &str); 8] = [
    (Korean, "저녁 7시"),
    (Korean, "오후 2시"),
    (Korean, "오전 11시"),
    (Korean, "6시 반"),
    (English, "7 pm"),
    (English, "2 in the afternoon"),
    (English, "11"),
    (English, "half past six"),
];
